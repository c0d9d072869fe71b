/* The inside of a JSON string, as far as it is plain: characters are copied, and escapes resolved where that is simple.

   With AVX-512 it is done for 64 bytes at a time without a branch per escape. A backslash escapes the next byte unless it
   is escaped itself; in a run of backslashes every second one is. `series - slash` borrows along each run, which flips
   the odd places of runs that start at even ones (the method of simdjson, Langdale and Lemire 2019,
   https://doi.org/10.1007/s00778-019-00578-5). Then the backslashes are squeezed out. */

#include "passes.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* How many of 16 bytes, copied to `to`, come before a quote, a backslash, a control character or a high byte. */
INLINE int plain_of_16(const uint8_t *from, uint8_t *to)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)from);
    _mm_storeu_si128((__m128i *)to, bytes);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpgt_epi8(_mm_set1_epi8(32), bytes); /* signed: high bytes too */
    int found = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control));
    return __builtin_ctz((unsigned)found | 0x10000u);
}
#else
INLINE int plain_of_16(const uint8_t *from, uint8_t *to)
{
    int n = 0;
    memcpy(to, from, 16);
    while (n < 16 && from[n] != '"' && from[n] != '\\' && from[n] >= 32 && from[n] < 128)
        n++;
    return n;
}
#endif

uint8_t *unescape_any(const uint8_t **from, const uint8_t *end, uint8_t *to)
{
    const uint8_t *at = *from;
    while (end - at >= 16) {
        int n = plain_of_16(at, to);
        at += n;
        to += n;
        if (n < 16) {
            *from = at;
            return to;
        }
    }
    while (at < end && *at != '"' && *at != '\\' && *at >= 32 && *at < 128)
        *to++ = *at++;
    *from = at;
    return to;
}

void pass_over_any(const uint8_t **from, const uint8_t *end)
{
    uint8_t nowhere[16];
    const uint8_t *at = *from;
    for (int n = 16; n == 16 && end - at >= 16; at += n)
        n = plain_of_16(at, nowhere);
    while (at < end && *at != '"' && *at != '\\' && *at >= 32 && *at < 128)
        at++;
    *from = at;
}

#if defined(__x86_64__)

/* Compilers would add the number of zero bits, which is 64 as well, but has to be known first. */
INLINE const uint8_t *whole_block(const uint8_t *at)
{
    at += 64;
    __asm__("" : "+r"(at));
    return at;
}

typedef struct {
    __m512i bytes;
    uint64_t keep;     /* without backslashes that escape, up to the first byte that is for others */
    unsigned n;        /* bytes that are done with */
    int go_on;         /* the next block can follow */
} unescaped;

TARGET_2 static inline __attribute__((always_inline)) unescaped block_of_string(const uint8_t *at, const uint8_t *end,
                                                                                int high)
{
    const uint64_t odd = 0xAAAAAAAAAAAAAAAAu, last = (uint64_t)1 << 63;
    uint64_t valid = end - at >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (end - at)) - 1;
    __m512i bytes = _mm512_maskz_loadu_epi8(valid, at);
    uint64_t slash = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
    uint64_t quote = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    uint64_t feed = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('n'));
    uint64_t other = _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(32)); /* what is beyond the end, too */
    if (!high)
        other |= _mm512_movepi8_mask(bytes);
    uint64_t series = ((slash << 1 | odd) - slash) ^ odd;
    uint64_t escape = series & slash, escaped = series ^ slash;
    uint64_t rare = escaped & ~(slash | quote | feed);
    other |= (quote & ~escaped) | rare >> 1 | (escape & last);
    unescaped found;
    found.n = other ? (unsigned)__builtin_ctzll(other) : 64;
    found.keep = ~escape & (found.n < 64 ? ((uint64_t)1 << found.n) - 1 : ~(uint64_t)0);
    found.bytes = _mm512_mask_mov_epi8(bytes, escaped & feed, _mm512_set1_epi8('\n'));
    found.go_on = !(other & ~(escape & last));
    return found;
}

TARGET_2 uint8_t *unescape_2(const uint8_t **from, const uint8_t *end, uint8_t *to)
{
    const uint8_t *at = *from;
    for (int go_on = 1; go_on && at < end;) {
        unescaped found = block_of_string(at, end, 1);
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(found.keep, found.bytes));
        to += __builtin_popcountll(found.keep);
        if (LIKELY(found.n == 64)) { /* the next block need not wait for what this one has */
            at = whole_block(at);
            continue;
        }
        at += found.n;
        go_on = found.go_on;
    }
    *from = at;
    return to;
}

/* Keys and most values are short and plain: one look finds their end, with nothing to wait for. */
TARGET_2 void pass_over_2(const uint8_t **from, const uint8_t *end)
{
    const uint8_t *at = *from;
    while (end - at >= 64) {
        __m512i bytes = _mm512_loadu_si512(at);
        uint64_t stop = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')) |
                        _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\')) |
                        _mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8(32)); /* signed: high bytes too */
        if (stop) {
            at += __builtin_ctzll(stop);
            break;
        }
        at = whole_block(at);
    }
    if (at < end && (end - at < 64 || *at == '\\'))
        for (int go_on = 1; go_on && at < end;) {
            unescaped found = block_of_string(at, end, 0);
            at += found.n;
            go_on = found.go_on;
        }
    *from = at;
}
#endif
