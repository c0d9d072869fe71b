/* Pass 2, only where a stretch has bytes of characters that are not ASCII: each of these characters is
   decoded once, looked up in the package's table, and set in the masks. Every high byte is read
   here, so a stretch that passes is valid UTF-8. */

#include "kernel.h"

/* Bits are set through a pointer to one member of the first block, `step` words apart. */
INLINE void set(uint64_t *member, size_t step, size_t at, int n)
{
    uint64_t bits = ((uint64_t)1 << n) - 1, shift = at & 63;
    member[(at >> 6) * step] |= bits << shift;
    if (shift + (uint64_t)n > 64)
        member[((at >> 6) + 1) * step] |= bits >> (64 - shift);
}

enum { STEP = sizeof(block) / 8, HIGH_STEP = sizeof(high_block) / 8 };

INLINE int bit(uint64_t mask, size_t at)
{
    return (int)(mask >> (at & 63) & 1);
}

/* A curly apostrophe joins what is before and after it as a straight one does. */
static void join_letters(stretch *s, const uint32_t *curly, size_t n_curly, size_t n)
{
    for (size_t k = 0; k < n_curly; k++) {
        size_t at = curly[k], before = at - 1, after = at + 3;
        if (!at || after >= n)
            continue;
        uint64_t joins = s->blocks[before >> 6].letter | s->high[before >> 6].mark;
        if (bit(joins, before) && bit(s->blocks[after >> 6].letter, after))
            set(&s->high->joint, HIGH_STEP, at, 3);
    }
}

status unicode_masks(const chars *table, const uint8_t *text, size_t n, int drop, int after_backslash,
                     stretch *s)
{
    uint32_t *curly = s->starts; /* not in use yet */
    size_t n_curly = 0, next = 0;
    memset(s->high, 0, (s->n_blocks + 1) * sizeof(high_block));
    for (size_t k = 0; k < s->n_blocks; k++) {
        uint64_t rest = s->blocks[k].high;
        while (rest) {
            size_t at = 64 * k + (size_t)__builtin_ctzll(rest);
            rest &= rest - 1;
            if (at < next)
                continue;
            uint32_t code;
            int size = decode(text + at, n - at, &code);
            if (!size)
                return NOT_UTF8;
            next = at + (size_t)size;
            set(&s->high->tail, HIGH_STEP, at + 1, size - 1);
            switch (table->kind[code]) {
            case LETTER:
                set(&s->blocks->letter, STEP, at, size);
                set(&s->blocks->core, STEP, at, size);
                break;
            case NUMBER:
            case UNDERSCORE:
                set(&s->blocks->core, STEP, at, size);
                break;
            case MARK:
                set(&s->high->mark, HIGH_STEP, at, size);
                break;
            case SPACELESS: {
                int command = at ? text[at - 1] == '\\' : after_backslash;
                if (!command || !(drop & DROP_COMMANDS)) {
                    set(&s->high->single, HIGH_STEP, at, 1);
                    set(&s->high->single_end, HIGH_STEP, next, 1);
                }
                if (!command)
                    set(&s->high->single_word, HIGH_STEP, at, 1);
                break;
            }
            case APOSTROPHE:
                curly[n_curly++] = (uint32_t)at;
                break;
            default:
                break;
            }
        }
    }
    join_letters(s, curly, n_curly, n);
    return FINE;
}
