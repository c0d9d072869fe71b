/* Pass 3: masks to tokens, by arithmetic on 64 bytes at a time.

   Where `set` has bits at the first bytes of some runs of `run`, `run + set` carries each of them to the
   first byte after its run; a carry out of a block goes into the next. That finds the ends of
   LaTeX commands, the first letter of "2nd", and the place where a token really starts that
   seems to start with marks. */

#include "passes.h"

INLINE uint64_t carried(uint64_t run, uint64_t set, uint64_t *carry)
{
    uint64_t sum, total;
    uint64_t first = __builtin_add_overflow(run, set, &sum);
    *carry = first | __builtin_add_overflow(sum, *carry, &total);
    return total & ~run;
}

INLINE uint64_t shifted(uint64_t now, uint64_t before)
{
    return now << 1 | before >> 63;
}

/* Write the places of the bits of `mask`; up to 15 more than there are get written. */
INLINE uint32_t *places(uint64_t mask, uint32_t base, uint32_t *to)
{
    uint32_t *end = to + __builtin_popcountll(mask);
    while (mask) {
        for (int i = 0; i < 8; i++) {
            to[i] = base + (uint32_t)__builtin_ctzll(mask | (uint64_t)1 << 63);
            mask &= mask - 1;
        }
        to += 8;
    }
    return end;
}

typedef struct {
    uint64_t inside, core, letter, backslash; /* of the block before */
    uint64_t left_out, number, marks;         /* carries */
} state;

INLINE void one_block(stretch *s, size_t k, int rich, int drop, state *was, uint64_t *starts,
                      uint64_t *ends)
{
    const block *b = &s->blocks[k];
    uint64_t next_letter = b->letter >> 1 | s->blocks[k + 1].letter << 63;
    uint64_t joins = shifted(b->letter, was->letter), inside, mark = 0, single = 0, single_word = 0;
    if (rich) {
        const high_block *h = &s->high[k];
        mark = h->mark;
        single = h->single;
        single_word = h->single_word;
        uint64_t before = k ? s->high[k - 1].mark : 0;
        joins |= shifted(mark, before);
        inside = b->core | mark | h->joint | (b->quote & joins & next_letter);
    } else {
        inside = b->core | (b->quote & joins & next_letter);
    }
    uint64_t behind = shifted(inside, was->inside);
    uint64_t start = inside & ~behind, end = ~inside & behind;
    if (rich) { /* marks start nothing */
        uint64_t first = carried(inside & ~b->core, start & mark, &was->marks);
        start = (start & ~mark) | (first & b->core & inside);
        end &= ~first;
    }
    uint64_t command = start & shifted(b->backslash, was->backslash);
    uint64_t number = start & ~b->letter; /* "2nd" as well */
    uint64_t first_letter = carried(inside & ~b->letter, number & ~command, &was->number) & b->letter;
    s->words[k] = (start & ~command & b->letter) | first_letter | single_word;
    uint64_t left_out = (drop & DROP_COMMANDS ? command : 0) | (drop & DROP_NUMBERS ? number : 0);
    end &= ~carried(inside, left_out, &was->left_out);
    start &= ~left_out;
    if (rich) {
        start |= single;
        end |= s->high[k].single_end;
    }
    was->inside = inside;
    was->letter = b->letter;
    was->backslash = b->backslash;
    *starts = start;
    *ends = end;
}

typedef uint32_t *(*writer)(uint64_t mask, uint32_t base, uint32_t *to);

INLINE void all_blocks(stretch *s, int rich, int drop, int after_backslash, writer write)
{
    state was = {0, 0, 0, (uint64_t)after_backslash << 63, 0, 0, 0};
    uint32_t *starts = s->starts, *ends = s->ends;
    for (size_t k = 0; k <= s->n_blocks; k++) { /* the block after the last is empty: it ends the last token */
        uint64_t start, end;
        one_block(s, k, rich, drop, &was, &start, &end);
        starts = write(start, (uint32_t)(64 * k), starts);
        ends = write(end, (uint32_t)(64 * k), ends);
    }
    s->n_tokens = (size_t)(starts - s->starts);
}

INLINE void each_kind(stretch *s, int drop, int after_backslash, writer write)
{
    if (s->has_high)
        all_blocks(s, 1, drop, after_backslash, write);
    else if (drop == (DROP_COMMANDS | DROP_NUMBERS))
        all_blocks(s, 0, DROP_COMMANDS | DROP_NUMBERS, after_backslash, write);
    else
        all_blocks(s, 0, drop, after_backslash, write);
}

INLINE size_t bits(const uint64_t *member, size_t step, size_t n)
{
    size_t total = 0, k = 0;
    for (; k < n / 64; k++)
        total += (size_t)__builtin_popcountll(member[k * step]);
    if (n % 64)
        total += (size_t)__builtin_popcountll(member[k * step] & (((uint64_t)1 << n % 64) - 1));
    return total;
}

void find_tokens_any(stretch *s, int drop, int after_backslash)
{
    each_kind(s, drop, after_backslash, places);
}

size_t count_bits_any(const uint64_t *member, size_t step, size_t n)
{
    return bits(member, step, n);
}

#if defined(__x86_64__)
#include <immintrin.h>

TARGET_1 void find_tokens_1(stretch *s, int drop, int after_backslash)
{
    each_kind(s, drop, after_backslash, places);
}

TARGET_1 size_t count_bits_1(const uint64_t *member, size_t step, size_t n)
{
    return bits(member, step, n);
}

/* All places of a block at once: the numbers 0 to 63, those with a bit moved to the front. */
TARGET_2 static inline uint32_t *places_2(uint64_t mask, uint32_t base, uint32_t *to)
{
    static const uint8_t COUNT[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    };
    __m512i front = _mm512_maskz_compress_epi8(mask, _mm512_loadu_si512(COUNT)), add = _mm512_set1_epi32((int)base);
    int n = __builtin_popcountll(mask);
    _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(front)), add));
    if (UNLIKELY(n > 16)) { /* no block has more than 32 tokens */
        __m128i more = _mm512_extracti32x4_epi32(front, 1);
        _mm512_storeu_si512(to + 16, _mm512_add_epi32(_mm512_cvtepu8_epi32(more), add));
    }
    return to + n;
}

TARGET_2 void find_tokens_2(stretch *s, int drop, int after_backslash)
{
    each_kind(s, drop, after_backslash, places_2);
}

TARGET_2 size_t count_bits_2(const uint64_t *member, size_t step, size_t n)
{
    return bits(member, step, n);
}
#endif
