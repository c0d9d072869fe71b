/* Lines of JSON to counts. A file comes in pieces that fit the processor's caches, and the rows of all of them are
   taken at once: reading, JSON and counting then see each byte while it is near, and tables stay large. */

#include <stdlib.h>

#include "counter.h"

status counter_new(counter *c, const program *p, const uint8_t *field, size_t field_n)
{
    memset(c, 0, sizeof *c);
    c->field = malloc(field_n + 1);
    if (!c->field || scanner_new(&c->r, p, 0) != FINE)
        return NO_MEMORY;
    memcpy(c->field, field, field_n);
    c->field_n = field_n;
    return FINE;
}

void counter_free(counter *c)
{
    void *all[] = {c->field, c->text.text, c->numbers, c->n_chars, c->n_words, c->ends,
                   c->kinds, c->found.entries, c->found.numbers, c->others};
    scanner_free(&c->r);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
    memset(c, 0, sizeof *c);
}

void counter_reset(counter *c)
{
    c->n = c->found.n = 0;
    c->n_all = 0;
}

status add_pairs(pairs *to, scanner *r)
{
    for (uint32_t k = 0; k < (r->p->n_entries + 63) / 64; k++) {
        uint64_t rest = r->there[k];
        if (rest && to->n + 64 > to->room) {
            size_t room = 2 * to->room + 4096;
            int32_t *entries = realloc(to->entries, room * sizeof(int32_t));
            if (entries)
                to->entries = entries;
            int32_t *numbers = realloc(to->numbers, room * sizeof(int32_t));
            if (numbers)
                to->numbers = numbers;
            if (!entries || !numbers)
                return NO_MEMORY;
            to->room = room;
        }
        for (; rest; rest &= rest - 1) {
            uint32_t entry = 64 * k + (uint32_t)__builtin_ctzll(rest);
            to->entries[to->n] = (int32_t)entry;
            to->numbers[to->n++] = (int32_t)r->count[entry];
            r->count[entry] = 0;
        }
        r->there[k] = 0;
    }
    return FINE;
}

/* Room for one more row, and for the text of a line of `size` bytes. */
static status make_room(counter *c, size_t size)
{
    if (c->n == c->room) {
        size_t room = 2 * c->room + 1024;
        int64_t **all[] = {&c->numbers, &c->n_chars, &c->n_words, &c->ends};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            int64_t *more = realloc(*all[k], room * sizeof(int64_t));
            if (!more)
                return NO_MEMORY;
            *all[k] = more;
        }
        uint8_t *kinds = realloc(c->kinds, room);
        if (!kinds)
            return NO_MEMORY;
        c->kinds = kinds;
        c->room = room;
    }
    if (c->text.room < size + 2 * PAD) {
        size_t room = size + size / 4 + 2 * PAD;
        free(c->text.text);
        c->text.text = malloc(room);
        c->text.room = c->text.text ? room : 0;
    }
    return c->text.text ? FINE : NO_MEMORY;
}

static status add_other(counter *c, size_t start, size_t stop)
{
    if (c->n_others == c->room_others) {
        size_t room = 2 * c->room_others + 64;
        size_t *more = realloc(c->others, 2 * room * sizeof(size_t));
        if (!more)
            return NO_MEMORY;
        c->others = more;
        c->room_others = room;
    }
    c->others[2 * c->n_others] = start;
    c->others[2 * c->n_others++ + 1] = stop;
    return FINE;
}

/* Count in the first line of `left` bytes, which is not blank: the next row. Return its size in `size`. */
static status add_line(counter *c, const uint8_t *line, size_t left, size_t *size)
{
    size_t k = c->n;
    if (make_room(c, left) != FINE)
        return NO_MEMORY;
    int kind = read_line(c->r.p->passes, line, left, c->field, c->field_n, &c->text);
    c->n_chars[k] = c->n_words[k] = 0;
    if (kind == LINE_TEXT) {
        status found = scan_text(&c->r, c->text.text, c->text.n, c->text.text + c->text.n + PAD);
        if (found == FINE)
            found = add_pairs(&c->found, &c->r);
        forget(&c->r);
        if (found == NO_MEMORY)
            return found;
        if (found == FINE) {
            c->n_chars[k] = c->r.n_chars;
            c->n_words[k] = c->r.n_words;
        } else {
            kind = LINE_UNUSUAL;
        }
    }
    *size = c->text.line;
    if (kind == LINE_UNUSUAL) {
        const uint8_t *feed = memchr(line, '\n', left);
        *size = feed ? (size_t)(feed - line) : left;
    }
    c->ends[k] = (int64_t)c->found.n;
    c->kinds[k] = (uint8_t)kind;
    return FINE;
}

void counter_add(counter *c, const uint8_t *lines, size_t n)
{
    c->n_others = 0;
    for (size_t at = 0, size; at < n && c->failed == FINE; at += size + 1, c->n_all++) {
        size_t space = at;
        while (space < n && (lines[space] == ' ' || lines[space] == '\t' || lines[space] == '\r'))
            space++;
        size = space - at;
        if (space == n || lines[space] == '\n')
            continue;
        c->failed = add_line(c, lines + at, n - at, &size);
        if (c->failed != FINE)
            break;
        c->numbers[c->n] = c->n_all;
        if (c->kinds[c->n++] != LINE_TEXT)
            c->failed = add_other(c, at, at + size);
    }
}
