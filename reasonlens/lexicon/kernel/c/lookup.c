/* Pass 4: tokens to codes. A code stands for the words of the entries that a token is: itself, and
   prefixes of it. 0 is none of them.

   Nine tokens in ten have at most 8 bytes, all ASCII: their bytes are one 64-bit number, and a perfect hash
   has the one place where such a word can be. No branch depends on whether the word is there, because
   about every third is, and the processor could not guess which. The others, and tokens that may have a
   prefix, go on a list and are looked at one by one. */

#include "passes.h"

static const uint8_t ONES[32] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, /* the rest is 0 */
};

enum { SHORT = 8, LONG = 16 };

#define HIGH_BITS 0x8080808080808080u

uint64_t word_hash(const uint8_t *bytes, size_t n)
{
    uint64_t h = n * 0x9E3779B97F4A7C15u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 0x100000001B3u;
    return h ^ h >> 29;
}

uint32_t find_name(const names *names, const uint8_t *bytes, size_t size)
{
    if (size > names->longest || !names->n)
        return 0;
    uint32_t at = (uint32_t)word_hash(bytes, size) & names->mask;
    for (uint32_t number; (number = names->slots[at]) != 0; at = (at + 1) & names->mask) {
        uint32_t from = names->starts[number - 1];
        if (names->starts[number] - from == size && !memcmp(names->bytes + from, bytes, size))
            return number;
    }
    return 0;
}

INLINE uint32_t place_of(const perfect *p, uint64_t hash)
{
    return ((uint32_t)(hash >> 32) + p->shifts[hash >> p->bucket_shift]) & p->mask;
}

/* `code` if a and b are the same, else 0. Compilers like a branch here; it costs a third of the speed. */
INLINE uint32_t if_same(uint64_t a, uint64_t b, uint32_t code)
{
#if defined(__x86_64__)
    uint32_t none = 0;
    __asm__("cmpq %2, %1\n\tcmovne %3, %0" : "+r"(code) : "r"(a), "rm"(b), "r"(none) : "cc");
    return code;
#else
    uint32_t same = (uint32_t)0 - (uint32_t)(a == b);
    __asm__("" : "+r"(same));
    return code & same;
#endif
}

INLINE const slot *slot_at(const perfect *p, uint32_t place)
{
    return (const slot *)((const char *)p->slots + place);
}

INLINE uint32_t short_word(const perfect *p, uint64_t low)
{
    const slot *here = slot_at(p, place_of(p, low * p->times_low));
    return if_same(low, here->low, (uint32_t)here->code);
}

INLINE uint32_t long_word(const perfect *p, uint64_t low, uint64_t high)
{
    uint32_t place = place_of(p, low * p->times_low + high * p->times_high);
    const slot *here = slot_at(p, place);
    return if_same((low ^ here->low) | (high ^ p->high[place / sizeof(slot)]), 0, (uint32_t)here->code);
}

INLINE uint8_t keyed(const machine *m, uint8_t byte)
{
    return byte < 0x80 ? byte | (uint8_t)m->fold : byte;
}

static uint32_t prefix_of(const machine *m, const uint8_t *bytes, size_t size)
{
    uint32_t node = 0, code = 0;
    for (size_t i = 0; i < size; i++) {
        prefix_node here = m->trie[node];
        uint8_t byte = keyed(m, bytes[i]);
        uint32_t k = here.first, end = here.first + here.n;
        while (k < end && m->trie_bytes[k] != byte)
            k++;
        if (k == end)
            break;
        node = m->trie_next[k];
        if (m->trie[node].code)
            code = m->trie[node].code;
    }
    return code;
}

/* Any token: fold as much of it as a word can have, then look for it. */
static uint32_t any_token(const machine *m, const chars *table, const uint8_t *text, size_t size, uint8_t *buffer)
{
    size_t at = 0, made = 0;
    uint8_t all = 0;
    while (at < size && made <= m->longest) {
        uint32_t code = 0;
        int n = decode(text + at, size - at, &code);
        if (!n) /* cannot be: the text was checked */
            return 0;
        at += (size_t)n;
        made += (size_t)encode(folded(table, m->sensitive, code), buffer + made);
    }
    if (at == size) {
        uint32_t code = 0, number;
        for (size_t i = 0; i < made; i++)
            all |= buffer[i];
        if (made <= LONG && all < 0x80) {
            uint8_t padded[LONG] = {0};
            for (size_t i = 0; i < made; i++)
                padded[i] = keyed(m, buffer[i]);
            code = made <= SHORT ? short_word(&m->short_words, load8(padded))
                                 : long_word(&m->long_words, load8(padded), load8(padded + 8));
        } else if ((number = find_name(&m->words, buffer, made)) != 0) {
            code = m->word_codes[number - 1];
        }
        if (code)
            return code;
    }
    return m->n_prefixes ? prefix_of(m, buffer, made) : 0;
}

/* The first `size` bytes, if there are no more than 8; else anything. */
INLINE uint64_t first_bytes(uint64_t value, uint64_t size, int bmi)
{
#if defined(__x86_64__)
    if (bmi) {
        uint64_t bits = 8 * size, result;
        __asm__("bzhiq %1, %2, %0" : "=r"(result) : "r"(bits), "r"(value) : "cc");
        return result;
    }
#endif
    (void)bmi;
    return value & load8(ONES + LONG - (size > SHORT ? SHORT : size));
}

/* Tokens of at most 8 bytes. Writes the codes, and a list of those that need a second look; returns its length. */
INLINE uint32_t short_tokens(const machine *m, const uint8_t *text, stretch *s, int prefixes, int bmi)
{
    const perfect words = m->short_words; /* what is written below cannot change a copy */
    const uint8_t *filter = m->filter;
    const uint64_t fold = m->fold;
    const uint32_t *starts = s->starts, *ends = s->ends;
    uint32_t *codes = s->codes, *again = s->marked, n_again = 0;
    for (size_t i = 0; i < s->n_tokens; i++) {
        uint64_t start = starts[i], size = ends[i] - start;
        uint64_t low = first_bytes(load8(text + start) | fold, size, bmi);
        uint32_t code = short_word(&words, low);
        uint32_t unusual = (size > SHORT) | ((low & HIGH_BITS) != 0);
        if (prefixes)
            unusual |= filter[filter_index(low)] & (code == 0);
        codes[i] = code;
        again[n_again] = (uint32_t)i;
        n_again += unusual;
    }
    return n_again;
}

/* Of those, tokens of 9 to 16 bytes; the list keeps the others. */
INLINE uint32_t long_tokens(const machine *m, const uint8_t *text, stretch *s, uint32_t n_again, int prefixes)
{
    const perfect words = m->long_words;
    const uint64_t fold = m->fold;
    const uint32_t *starts = s->starts, *ends = s->ends;
    uint32_t *codes = s->codes, *again = s->marked, n_left = 0;
    for (uint32_t k = 0; k < n_again; k++) {
        uint32_t i = again[k], start = starts[i], size = ends[i] - start;
        const uint8_t *ones = ONES + (size > LONG ? LONG : LONG - size); /* none for a longer token */
        uint64_t low = (load8(text + start) | fold) & load8(ones);
        uint64_t high = (load8(text + start + 8) | fold) & load8(ones + 8);
        uint32_t code = long_word(&words, low, high);
        uint32_t left = (size > LONG) | (((low | high) & HIGH_BITS) != 0);
        if (prefixes)
            left |= m->filter[filter_index(low)] & (code == 0);
        codes[i] = code;
        again[n_left] = i;
        n_left += left;
    }
    return n_left;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* As short_tokens, in two steps: codes one by one, with as few instructions as can be, */
INLINE void short_codes(const machine *m, const uint8_t *text, stretch *s, int high)
{
    const perfect words = m->short_words;
    const uint64_t fold = m->fold;
    const uint32_t *starts = s->starts, *ends = s->ends;
    uint32_t *codes = s->codes, *heads = s->heads;
#pragma GCC unroll 4
    for (size_t i = 0, n = s->n_tokens; i < n; i++) {
        uint64_t start = starts[i], size = ends[i] - start;
        uint64_t low = first_bytes(load8(text + start) | fold, size, 1);
        codes[i] = short_word(&words, low);
        heads[i] = (uint32_t)(high ? low | (low >> 32 & (uint32_t)HIGH_BITS) : low);
    }
}

TARGET_1 static __attribute__((noinline)) void codes_ascii(const machine *m, const uint8_t *text, stretch *s)
{
    short_codes(m, text, s, 0);
}

TARGET_1 static __attribute__((noinline)) void codes_high(const machine *m, const uint8_t *text, stretch *s)
{
    short_codes(m, text, s, 1);
}

/* and what needs a second look sixteen at a time. Of prefixes, the first two letters are compared, and the first
   and the third. */
TARGET_2 static uint32_t second_look(const machine *m, stretch *s)
{
    const __m512i seconds[2] = {_mm512_loadu_si512(m->second), _mm512_loadu_si512(m->second + 16)};
    const __m512i thirds[2] = {_mm512_loadu_si512(m->third), _mm512_loadu_si512(m->third + 16)};
    const __m512i one = _mm512_set1_epi32(1), most = _mm512_set1_epi32(SHORT), letter = _mm512_set1_epi32(31);
    const __m512i high = _mm512_set1_epi32((int)(uint32_t)HIGH_BITS);
    __m512i number = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    uint32_t n_again = 0;
    for (size_t i = 0; i < s->n_tokens; i += 16) {
        __m512i head = _mm512_loadu_si512(s->heads + i);
        __m512i size = _mm512_sub_epi32(_mm512_loadu_si512(s->ends + i), _mm512_loadu_si512(s->starts + i));
        __mmask16 again = _mm512_cmpgt_epu32_mask(size, most) | _mm512_test_epi32_mask(head, high);
        if (m->n_prefixes) {
            __m512i known = _mm512_permutex2var_epi32(seconds[0], head, seconds[1]);
            known = _mm512_srlv_epi32(known, _mm512_and_si512(_mm512_srli_epi32(head, 8), letter));
            __m512i more = _mm512_permutex2var_epi32(thirds[0], head, thirds[1]);
            more = _mm512_srlv_epi32(more, _mm512_and_si512(_mm512_srli_epi32(head, 16), letter));
            __mmask16 free = _mm512_testn_epi32_mask(_mm512_loadu_si512(s->codes + i), _mm512_set1_epi32(-1));
            again |= _mm512_mask_test_epi32_mask(free, _mm512_and_si512(known, more), one);
        }
        if (s->n_tokens - i < 16)
            again &= (__mmask16)((1 << (s->n_tokens - i)) - 1);
        _mm512_storeu_si512(s->marked + n_again, _mm512_maskz_compress_epi32(again, number));
        n_again += (uint32_t)__builtin_popcount(again);
        number = _mm512_add_epi32(number, _mm512_set1_epi32(16));
    }
    return n_again;
}
#endif

enum { ANY, BMI, AVX512 };

INLINE void all_tokens(const machine *m, const chars *table, const uint8_t *text, stretch *s, uint8_t *buffer,
                       int prefixes, int level)
{
    uint32_t n;
#if defined(__x86_64__)
    if (level == AVX512) {
        if (s->has_high)
            codes_high(m, text, s);
        else
            codes_ascii(m, text, s);
        n = second_look(m, s);
    } else
#endif
        n = short_tokens(m, text, s, prefixes, level);
    n = long_tokens(m, text, s, n, prefixes);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = s->marked[k], start = s->starts[i];
        s->codes[i] = any_token(m, table, text + start, s->ends[i] - start, buffer);
    }
    s->codes[s->n_tokens] = 0;
}

INLINE void each_kind(const machine *m, const chars *table, const uint8_t *text, stretch *s, uint8_t *buffer,
                      int level)
{
    if (m->n_prefixes)
        all_tokens(m, table, text, s, buffer, 1, level);
    else
        all_tokens(m, table, text, s, buffer, 0, level);
}

/* Codes of tokens that are hits, and places of those that may start a phrase, without a branch per token. */
selected select_any(const machine *m, stretch *s, size_t n_tokens)
{
    const uint32_t *codes = s->codes;
    selected n = {0, 0};
    for (size_t i = 0; i < n_tokens; i++) {
        uint32_t code = codes[i];
        s->found[n.hits] = code;
        n.hits += is_hit(m, code);
        s->marked[n.openings] = (uint32_t)i;
        n.openings += (code - m->first_opening < m->n_opening) & (codes[i + 1] >= m->first_inner);
    }
    return n;
}

void look_up_any(const machine *m, const chars *table, const uint8_t *text, stretch *s, uint8_t *buffer)
{
    each_kind(m, table, text, s, buffer, ANY);
}

#if defined(__x86_64__)
TARGET_1 void look_up_1(const machine *m, const chars *table, const uint8_t *text, stretch *s, uint8_t *buffer)
{
    each_kind(m, table, text, s, buffer, BMI);
}

TARGET_2 void look_up_2(const machine *m, const chars *table, const uint8_t *text, stretch *s, uint8_t *buffer)
{
    each_kind(m, table, text, s, buffer, AVX512);
}

TARGET_2 static inline __mmask16 within(__m512i codes, uint32_t first, uint32_t n)
{
    return _mm512_cmplt_epu32_mask(_mm512_sub_epi32(codes, _mm512_set1_epi32((int)first)), _mm512_set1_epi32((int)n));
}

TARGET_2 selected select_2(const machine *m, stretch *s, size_t n_tokens)
{
    const __m512i inner = _mm512_set1_epi32((int)m->first_inner);
    __m512i number = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    selected n = {0, 0};
    for (size_t i = 0; i < n_tokens; i += 16) {
        __m512i codes = _mm512_loadu_si512(s->codes + i), next = _mm512_loadu_si512(s->codes + i + 1);
        __mmask16 mine = n_tokens - i < 16 ? (__mmask16)((1 << (n_tokens - i)) - 1) : 0xFFFF;
        __mmask16 hits = within(codes, 1, m->n_acting) & ~within(codes, m->first_silent, m->n_silent) & mine;
        __mmask16 openings = within(codes, m->first_opening, m->n_opening) & _mm512_cmpge_epu32_mask(next, inner) & mine;
        _mm512_storeu_si512(s->found + n.hits, _mm512_maskz_compress_epi32(hits, codes));
        _mm512_storeu_si512(s->marked + n.openings, _mm512_maskz_compress_epi32(openings, number));
        n.hits += (uint32_t)__builtin_popcount(hits);
        n.openings += (uint32_t)__builtin_popcount(openings);
        number = _mm512_add_epi32(number, _mm512_set1_epi32(16));
    }
    return n;
}
#endif
