/* The passes by their instructions; see passes.c. */

#ifndef REASONLENS_PASSES_H
#define REASONLENS_PASSES_H

#include "kernel.h"

uint64_t classify_scalar(const uint8_t *text, size_t n_blocks, block *out);
uint64_t classify_avx2(const uint8_t *text, size_t n_blocks, block *out);
uint64_t classify_avx512(const uint8_t *text, size_t n_blocks, block *out);
uint64_t classify_neon(const uint8_t *text, size_t n_blocks, block *out);
void find_tokens_any(stretch *s, int drop, int after_backslash);
void find_tokens_1(stretch *s, int drop, int after_backslash);
void find_tokens_2(stretch *s, int drop, int after_backslash);
size_t count_bits_any(const uint64_t *member, size_t step, size_t n);
size_t count_bits_1(const uint64_t *member, size_t step, size_t n);
size_t count_bits_2(const uint64_t *member, size_t step, size_t n);
void look_up_any(const machine *m, const chars *table, const uint8_t *text, stretch *s, uint8_t *buffer);
void look_up_1(const machine *m, const chars *table, const uint8_t *text, stretch *s, uint8_t *buffer);
void look_up_2(const machine *m, const chars *table, const uint8_t *text, stretch *s, uint8_t *buffer);
selected select_any(const machine *m, stretch *s, size_t n_tokens);
selected select_2(const machine *m, stretch *s, size_t n_tokens);
uint8_t *unescape_any(const uint8_t **from, const uint8_t *end, uint8_t *to);
uint8_t *unescape_2(const uint8_t **from, const uint8_t *end, uint8_t *to);
void pass_over_any(const uint8_t **from, const uint8_t *end);
void pass_over_2(const uint8_t **from, const uint8_t *end);

#endif
