/* Which instructions the passes use: chosen once, when a program is built, by what the processor has. */

#include "passes.h"

static const passes LEVELS[] = {
    {"scalar", classify_scalar, find_tokens_any, look_up_any, select_any, count_bits_any,
     unescape_any, pass_over_any},
#if defined(__x86_64__)
    {"AVX2", classify_avx2, find_tokens_1, look_up_1, select_any, count_bits_1,
     unescape_any, pass_over_any},
    {"AVX-512", classify_avx512, find_tokens_2, look_up_2, select_2, count_bits_2,
     unescape_2, pass_over_2},
#elif defined(__aarch64__)
    {"NEON", classify_neon, find_tokens_any, look_up_any, select_any, count_bits_any,
     unescape_any, pass_over_any},
#endif
};

static int best_level(void)
{
#if defined(__x86_64__)
    int first = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    if (first && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512vbmi2"))
        return 2;
    return first ? 1 : 0;
#elif defined(__aarch64__)
    return 1; /* NEON is part of the architecture */
#else
    return 0;
#endif
}

const passes *passes_of(int level)
{
    int best = best_level();
    return &LEVELS[level < 0 || level > best ? best : level];
}
