/* A text in stretches: long enough to fill the passes, short enough for the nearest caches.

   A stretch ends after a character that is part of no token, so no token is cut. Phrases may reach
   on, so the last tokens of a stretch, as many as a phrase can have after its first, only serve to look ahead:
   the next stretch starts at the first of them. */

#include <stdlib.h>

#include "kernel.h"

/* ---- memory ---- */

static void *grown(void *old, size_t n, size_t size, int *bad)
{
    void *made = realloc(old, n * size);
    if (!made)
        *bad = 1;
    return made ? made : old;
}

static status make_room(stretch *s, size_t n)
{
    size_t blocks = n / 64 + 3, tokens = n + 80;
    int bad = 0;
    if (blocks <= s->room)
        return FINE;
    s->blocks = grown(s->blocks, blocks, sizeof(block), &bad);
    s->high = grown(s->high, blocks, sizeof(high_block), &bad);
    s->words = grown(s->words, blocks, sizeof(uint64_t), &bad);
    s->starts = grown(s->starts, tokens, sizeof(uint32_t), &bad);
    s->ends = grown(s->ends, tokens, sizeof(uint32_t), &bad);
    s->codes = grown(s->codes, tokens, sizeof(uint32_t), &bad);
    s->heads = grown(s->heads, tokens, sizeof(uint32_t), &bad);
    s->marked = grown(s->marked, tokens, sizeof(uint32_t), &bad);
    s->found = grown(s->found, tokens, sizeof(uint32_t), &bad);
    s->copy = grown(s->copy, 64 * blocks + PAD, 1, &bad);
    if (bad)
        return NO_MEMORY;
    s->room = blocks;
    return FINE;
}

status scanner_new(scanner *r, const program *p, int want_hits)
{
    size_t codes = 1, stack = 1, buffer = 0, entries = p->n_entries + 64, categories = p->n_categories + 1;
    memset(r, 0, sizeof *r);
    r->p = p;
    r->want_hits = want_hits;
    for (uint32_t k = 0; k < p->n_machines; k++) {
        const machine *m = &p->machines[k];
        codes = m->singles.n > codes ? m->singles.n : codes;
        stack = m->stack > stack ? m->stack : stack;
        buffer = m->longest > buffer ? m->longest : buffer;
        buffer = m->gaps.longest > buffer ? m->gaps.longest : buffer;
    }
    r->free_from = calloc(categories, sizeof(uint64_t));
    r->best_start = calloc(categories, sizeof(uint64_t));
    r->best_end = calloc(categories, sizeof(uint64_t));
    r->best_entry = calloc(categories, sizeof(uint32_t));
    r->open = calloc(categories, sizeof(uint32_t));
    r->is_open = calloc(categories, 1);
    r->tally = calloc(codes, sizeof(uint32_t));
    r->touched = calloc(codes + 1, sizeof(uint32_t));
    r->count = calloc(entries, sizeof(uint32_t));
    r->there = calloc(entries / 64, sizeof(uint64_t));
    r->stack = calloc(2 * stack, sizeof(uint32_t));
    r->buffer = calloc(buffer + 16, 1);
    if (!r->free_from || !r->best_start || !r->best_end || !r->best_entry || !r->open || !r->is_open ||
        !r->tally || !r->touched || !r->count || !r->there || !r->stack || !r->buffer)
        return NO_MEMORY;
    return make_room(&r->s, p->stretch);
}

void scanner_free(scanner *r)
{
    stretch *s = &r->s;
    void *all[] = {r->free_from, r->best_start, r->best_end, r->best_entry, r->open, r->is_open, r->tally,
                   r->touched, r->count, r->there, r->stack, r->buffer, r->hits, s->blocks, s->high,
                   s->words, s->starts, s->ends, s->codes, s->heads, s->marked, s->found, s->copy};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
    memset(r, 0, sizeof *r);
}

void forget(scanner *r)
{
    for (uint32_t k = 0; k < (r->p->n_entries + 63) / 64; k++) {
        for (uint64_t rest = r->there[k]; rest; rest &= rest - 1)
            r->count[64 * k + (uint32_t)__builtin_ctzll(rest)] = 0;
        r->there[k] = 0;
    }
    for (uint32_t k = 0; k < r->n_touched; k++) /* only where a text turned out not to be one */
        r->tally[r->touched[k]] = 0;
    r->n_touched = 0;
}

/* ---- stretches ---- */

/* Return the first place at or after `at` where no token goes on, 0 if there is no valid UTF-8. */
static size_t cut(const chars *table, const uint8_t *text, size_t n, size_t at)
{
    while (at < n && (text[at] & 0xC0) == 0x80)
        at++;
    while (at < n) {
        uint32_t code;
        int size = decode(text + at, n - at, &code), kind;
        if (!size)
            return 0;
        at += (size_t)size;
        kind = table->kind[code];
        if (kind == OTHER || kind == SPACE || kind == SPACELESS)
            break;
    }
    return at;
}

/* Passes 1 to 3. */
static status tokenize(scanner *r, const uint8_t *bytes, size_t n, int drop)
{
    stretch *s = &r->s;
    int after_backslash = r->base && r->text[r->base - 1] == '\\';
    s->n_blocks = (n + 63) / 64;
    s->has_high = r->p->passes->classify(bytes, s->n_blocks, s->blocks) != 0;
    memset(s->blocks + s->n_blocks, 0, 2 * sizeof(block));
    if (n % 64) { /* what follows the stretch is not part of it */
        uint64_t mine = ((uint64_t)1 << n % 64) - 1;
        block *b = &s->blocks[s->n_blocks - 1];
        b->core &= mine;
        b->letter &= mine;
        b->quote &= mine;
        b->backslash &= mine;
        b->high &= mine;
    }
    if (s->has_high) {
        status found = unicode_masks(&r->p->table, bytes, n, drop, after_backslash, s);
        if (found != FINE)
            return found;
    }
    r->p->passes->find_tokens(s, drop, after_backslash);
    return FINE;
}

INLINE size_t tails(const uint8_t *from, const uint8_t *to)
{
    size_t n = 0;
    for (; from < to; from++)
        n += (*from & 0xC0) == 0x80;
    return n;
}

/* Give the hits of a stretch their places in characters. They come in the order of their tokens. */
static void place_hits(scanner *r, size_t first)
{
    const stretch *s = &r->s;
    size_t at = r->base, skipped = 0; /* bytes that are no character of their own, from base to `at` */
    for (size_t k = first; k < r->n_hits; k++) {
        hit *h = &r->hits[k];
        size_t start = (size_t)h->start_byte, end = (size_t)h->end_byte;
        int64_t chars_before;
        if (start < r->base) { /* literal text before the first token of the stretch */
            size_t n = r->base - start - tails(r->text + start, r->text + r->base);
            chars_before = r->base_chars - (int64_t)n;
        } else if (!s->has_high) {
            chars_before = r->base_chars + (int64_t)(start - r->base);
        } else {
            if (start >= at)
                skipped += tails(r->text + at, r->text + start);
            else
                skipped -= tails(r->text + start, r->text + at);
            at = start;
            chars_before = r->base_chars + (int64_t)(start - r->base - skipped);
        }
        h->start = chars_before;
        h->end = chars_before + (int64_t)(end - start - tails(r->text + start, r->text + end));
    }
}

/* Search one text with the machines of one LaTeX setting. */
static status scan_for(scanner *r, int skip_commands, int measure)
{
    const program *p = r->p;
    stretch *s = &r->s;
    int drop = (skip_commands ? DROP_COMMANDS : 0) | (p->drop_numbers ? DROP_NUMBERS : 0);
    uint32_t ahead = 0, n_machines = 0;
    size_t size = p->stretch;
    for (uint32_t k = 0; k < p->n_machines; k++)
        if (p->machines[k].skip_commands == skip_commands) {
            n_machines++;
            if (p->machines[k].most_words > ahead + 1)
                ahead = p->machines[k].most_words - 1;
        }
    r->base = 0;
    r->base_chars = 0;
    r->reach = 0;
    memset(r->free_from, 0, p->n_categories * sizeof(uint64_t));
    while (r->base < r->n) {
        const uint8_t *bytes = r->text + r->base;
        size_t n = r->n - r->base, done, use;
        if (n > size) {
            size_t end = cut(&p->table, r->text, r->n, r->base + size);
            if (!end)
                return NOT_UTF8;
            n = end - r->base;
        }
        if (n > INT32_MAX)
            return TOO_LONG;
        if (make_room(s, n) != FINE)
            return NO_MEMORY;
        if ((size_t)(r->readable - bytes) < n + PAD) {
            memcpy(s->copy, bytes, n);
            memset(s->copy + n, 0, PAD);
            bytes = s->copy;
        }
        status found = tokenize(r, bytes, n, drop);
        if (found != FINE)
            return found;
        done = n;
        use = s->n_tokens;
        if (r->base + n < r->n && ahead && use) {
            if (use <= ahead) { /* hardly any tokens: take more at a time */
                size = 2 * n;
                continue;
            }
            use -= ahead;
            done = s->starts[use];
        }
        size_t first_hit = r->n_hits;
        for (uint32_t k = 0; k < p->n_machines; k++)
            if (p->machines[k].skip_commands == skip_commands) {
                p->passes->look_up(&p->machines[k], &p->table, bytes, s, r->buffer);
                match_tokens(r, &p->machines[k], use);
                if (n_machines > 1 || done == r->n - r->base) /* codes are numbered in each machine */
                    settle(r, &p->machines[k]);
            }
        place_hits(r, first_hit);
        if (r->failed != FINE)
            return r->failed;
        if (measure)
            r->n_words += (int64_t)p->passes->count_bits(s->words, 1, done);
        size_t n_tails = s->has_high ? p->passes->count_bits(&s->high->tail, sizeof(high_block) / 8, done) : 0;
        r->base += done;
        r->base_chars += (int64_t)(done - n_tails);
        size = p->stretch;
    }
    if (measure)
        r->n_chars = r->base_chars;
    return FINE;
}

status scan_text(scanner *r, const uint8_t *text, size_t n, const uint8_t *readable)
{
    int any[2] = {0, 0};
    status found = FINE;
    r->text = text;
    r->n = n;
    r->readable = readable;
    r->n_words = r->n_chars = 0;
    r->failed = FINE;
    for (uint32_t k = 0; k < r->p->n_machines; k++)
        any[r->p->machines[k].skip_commands] = 1;
    if (any[0])
        found = scan_for(r, 0, 1);
    if (found == FINE && (any[1] || !any[0]))
        found = scan_for(r, 1, !any[0]);
    return found;
}
