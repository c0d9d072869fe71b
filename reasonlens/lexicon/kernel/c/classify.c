/* Pass 1: bytes to masks. Sixty-four bytes at a time; which instructions do it is chosen at run time.

   A byte's class is looked up by its two halves: `LOW[low half] & HIGH[high half]` has one bit per
   class that both halves allow. The halves of ASCII:

     high half   2           3          4 6         5 7
     characters  '           0-9        a-o A-O     p-z P-Z _ \                                    */

#include "passes.h"

enum {
    DIGIT = 1,      /* 0x30 .. 0x39 */
    LETTER_A = 2,   /* 0x41 .. 0x4F, 0x61 .. 0x6F */
    LETTER_P = 4,   /* 0x50 .. 0x5A, 0x70 .. 0x7A */
    LINE = 8,       /* 0x5F */
    SLASH = 16,     /* 0x5C */
    QUOTE = 32      /* 0x27 */
};

#define LOW_0 DIGIT | LETTER_P
#define LOW_1 DIGIT | LETTER_A | LETTER_P
#define LOW_HALVES                                                                                        \
    LOW_0, LOW_1, LOW_1, LOW_1, LOW_1, LOW_1, LOW_1, LOW_1 | QUOTE, LOW_1, LOW_1, LETTER_A | LETTER_P,    \
        LETTER_A, LETTER_A | SLASH, LETTER_A, LETTER_A, LETTER_A | LINE
#define HIGH_HALVES                                                                                       \
    0, 0, QUOTE, DIGIT, LETTER_A, LETTER_P | LINE | SLASH, LETTER_A, LETTER_P, 0, 0, 0, 0, 0, 0, 0, 0

static const uint8_t LOW[16] = {LOW_HALVES}, HIGH[16] = {HIGH_HALVES};

uint64_t classify_scalar(const uint8_t *text, size_t n_blocks, block *out)
{
    uint64_t any = 0;
    for (size_t k = 0; k < n_blocks; k++) {
        block b = {0, 0, 0, 0, 0};
        for (int i = 0; i < 64; i++) {
            uint8_t byte = text[64 * k + (size_t)i];
            uint64_t class = LOW[byte & 15] & HIGH[byte >> 4];
            b.letter |= (uint64_t)((class & (LETTER_A | LETTER_P)) != 0) << i;
            b.core |= (uint64_t)((class & (LETTER_A | LETTER_P | DIGIT | LINE)) != 0) << i;
            b.quote |= (uint64_t)((class & QUOTE) != 0) << i;
            b.backslash |= (uint64_t)((class & SLASH) != 0) << i;
            b.high |= (uint64_t)(byte >> 7) << i;
        }
        out[k] = b;
        any |= b.high;
    }
    return any;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* One bit per byte: whether the byte has the bits of `what`. */
#define HAS(class, what)                                                                                  \
    (~(uint64_t)(uint32_t)_mm256_movemask_epi8(                                                           \
         _mm256_cmpeq_epi8(_mm256_and_si256(class, _mm256_set1_epi8(what)), _mm256_setzero_si256())) &    \
     0xFFFFFFFFu)
#define BOTH(low, high) ((low) | (high) << 32)

TARGET_1 uint64_t classify_avx2(const uint8_t *text, size_t n_blocks, block *out)
{
    const __m256i low_table = _mm256_setr_epi8(LOW_HALVES, LOW_HALVES);
    const __m256i high_table = _mm256_setr_epi8(HIGH_HALVES, HIGH_HALVES);
    const __m256i half = _mm256_set1_epi8(15);
    uint64_t any = 0;
    for (size_t k = 0; k < n_blocks; k++) {
        __m256i class[2];
        uint64_t high[2];
        for (int i = 0; i < 2; i++) {
            __m256i bytes = _mm256_loadu_si256((const __m256i *)(text + 64 * k + 32 * (size_t)i));
            __m256i below = _mm256_shuffle_epi8(low_table, _mm256_and_si256(bytes, half));
            __m256i above = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
            class[i] = _mm256_and_si256(below, _mm256_shuffle_epi8(high_table, above));
            high[i] = (uint32_t)_mm256_movemask_epi8(bytes);
        }
        uint64_t letters = BOTH(HAS(class[0], LETTER_A | LETTER_P), HAS(class[1], LETTER_A | LETTER_P));
        uint64_t others = BOTH(HAS(class[0], DIGIT | LINE), HAS(class[1], DIGIT | LINE));
        out[k].letter = letters;
        out[k].core = letters | others;
        out[k].quote = BOTH(HAS(class[0], QUOTE), HAS(class[1], QUOTE));
        out[k].backslash = BOTH(HAS(class[0], SLASH), HAS(class[1], SLASH));
        out[k].high = BOTH(high[0], high[1]);
        any |= out[k].high;
    }
    return any;
}

TARGET_2 uint64_t classify_avx512(const uint8_t *text, size_t n_blocks, block *out)
{
    const __m512i low_table = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)LOW));
    const __m512i high_table = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)HIGH));
    const __m512i half = _mm512_set1_epi8(15);
    uint64_t any = 0;
    for (size_t k = 0; k < n_blocks; k++) {
        __m512i bytes = _mm512_loadu_si512((const void *)(text + 64 * k));
        __builtin_prefetch(text + 64 * (k + n_blocks), 0, 2);
        __m512i below = _mm512_shuffle_epi8(low_table, _mm512_and_si512(bytes, half));
        __m512i above = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half);
        __m512i class = _mm512_and_si512(below, _mm512_shuffle_epi8(high_table, above));
        out[k].letter = _mm512_test_epi8_mask(class, _mm512_set1_epi8(LETTER_A | LETTER_P));
        out[k].core = _mm512_test_epi8_mask(class, _mm512_set1_epi8(LETTER_A | LETTER_P | DIGIT | LINE));
        out[k].quote = _mm512_test_epi8_mask(class, _mm512_set1_epi8(QUOTE));
        out[k].backslash = _mm512_test_epi8_mask(class, _mm512_set1_epi8(SLASH));
        out[k].high = _mm512_movepi8_mask(bytes);
        any |= out[k].high;
    }
    return any;
}
#endif

#if defined(__aarch64__)
#include <arm_neon.h>

/* Sixty-four bytes of 0 or 255 to 64 bits. */
INLINE uint64_t gathered(const uint8x16_t bytes[4])
{
    static const uint8_t BITS[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t bits = vld1q_u8(BITS);
    uint8x16_t a = vpaddq_u8(vandq_u8(bytes[0], bits), vandq_u8(bytes[1], bits));
    uint8x16_t b = vpaddq_u8(vandq_u8(bytes[2], bits), vandq_u8(bytes[3], bits));
    a = vpaddq_u8(a, b);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(a, a)), 0);
}

INLINE uint64_t having(const uint8x16_t class[4], uint8_t what)
{
    uint8x16_t found[4];
    for (int i = 0; i < 4; i++)
        found[i] = vtstq_u8(class[i], vdupq_n_u8(what));
    return gathered(found);
}

uint64_t classify_neon(const uint8_t *text, size_t n_blocks, block *out)
{
    const uint8x16_t low_table = vld1q_u8(LOW), high_table = vld1q_u8(HIGH);
    uint64_t any = 0;
    for (size_t k = 0; k < n_blocks; k++) {
        uint8x16_t bytes[4], class[4];
        for (int i = 0; i < 4; i++) {
            bytes[i] = vld1q_u8(text + 64 * k + 16 * (size_t)i);
            class[i] = vandq_u8(vqtbl1q_u8(low_table, vandq_u8(bytes[i], vdupq_n_u8(15))),
                                vqtbl1q_u8(high_table, vshrq_n_u8(bytes[i], 4)));
        }
        out[k].letter = having(class, LETTER_A | LETTER_P);
        out[k].core = having(class, LETTER_A | LETTER_P | DIGIT | LINE);
        out[k].quote = having(class, QUOTE);
        out[k].backslash = having(class, SLASH);
        out[k].high = having(bytes, 128);
        any |= out[k].high;
    }
    return any;
}
#endif
