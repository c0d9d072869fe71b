/* Pass 5: codes to hits.

   Nearly all hits are single words where no phrase can start and none reaches, and only their codes are
   tallied. Where a phrase may start, the trie of phrases is walked along the next tokens, all
   entries that fit are offered, and each category takes its best: the leftmost, then the longest,
   then the one of lowest rank. Hits of a later token start after this token ends, so one pass from
   left to right is enough. */

#include <stdlib.h>

#include "kernel.h"

enum { NO_GAP = 0xFFFFFFFF };
#define NO_PLACE ((size_t)-1)

/* ---- results ---- */

static void add_hit(scanner *r, uint64_t start, uint64_t end, uint32_t entry)
{
    if (UNLIKELY(r->n_hits == r->room_hits)) {
        size_t room = r->room_hits ? 2 * r->room_hits : 1024;
        hit *more = realloc(r->hits, room * sizeof(hit));
        if (!more) {
            r->failed = NO_MEMORY;
            return;
        }
        r->hits = more;
        r->room_hits = room;
    }
    hit *h = &r->hits[r->n_hits++];
    *h = (hit){r->row, 0, 0, (int64_t)start, (int64_t)end, entry};
}

INLINE void add_count(scanner *r, uint32_t entry, uint32_t n)
{
    r->count[entry] += n;
    r->there[entry >> 6] |= (uint64_t)1 << (entry & 63);
}

static void offer(scanner *r, uint64_t start, uint64_t end, uint32_t entry)
{
    const program *p = r->p;
    uint32_t category = p->category[entry];
    if (p->together[category]) {
        add_hit(r, start, end, entry);
        return;
    }
    if (start < r->free_from[category])
        return;
    if (!r->is_open[category]) {
        r->is_open[category] = 1;
        r->open[r->n_open++] = category;
    } else {
        uint64_t best_start = r->best_start[category], best_end = r->best_end[category];
        if (start > best_start || (start == best_start && end < best_end))
            return;
        if (start == best_start && end == best_end && p->rank[entry] > p->rank[r->best_entry[category]])
            return;
    }
    r->best_start[category] = start;
    r->best_end[category] = end;
    r->best_entry[category] = entry;
}

static void take_best(scanner *r)
{
    for (uint32_t k = 0; k < r->n_open; k++) {
        uint32_t category = r->open[k], entry = r->best_entry[category];
        uint64_t end = r->best_end[category];
        if (r->want_hits)
            add_hit(r, r->best_start[category], end, entry);
        else
            add_count(r, entry, 1);
        r->is_open[category] = 0;
        r->free_from[category] = end;
        if (end > r->reach)
            r->reach = end;
    }
    r->n_open = 0;
}

/* ---- what is between words, and around them ---- */

/* The number of the gap before a token, compared as `canonical_gap` in compile.py does. */
static uint32_t gap_before(scanner *r, const machine *m, size_t token)
{
    const chars *table = &r->p->table;
    const uint8_t *text = r->text + r->base;
    size_t at = r->s.ends[token - 1], end = r->s.starts[token], made = 0;
    if (at == end)
        return 0;
    if (end - at == 1 && (text[at] == ' ' || text[at] == '-'))
        return text[at] == ' ' ? 1 : 2;
    int feeds = -1; /* line feeds in the present white space; -1 outside of any */
    while (at < end) {
        uint32_t code;
        int size = decode(text + at, end - at, &code);
        if (!size)
            return NO_GAP;
        at += (size_t)size;
        if (table->kind[code] == SPACE) {
            if (feeds < 0) {
                r->buffer[made++] = ' ';
                feeds = 0;
            }
            feeds += code == '\n';
            if (feeds > 1)
                return NO_GAP;
        } else {
            feeds = -1;
            made += (size_t)encode(folded(table, m->sensitive, code), r->buffer + made);
        }
        if (made > m->gaps.longest)
            return NO_GAP;
    }
    return find_name(&m->gaps, r->buffer, made) - 1;
}

/* Read the character before `at`; return where it starts, or NO_PLACE. */
INLINE size_t before(const scanner *r, size_t at, uint32_t *code)
{
    size_t start = at;
    if (!at)
        return NO_PLACE;
    do
        start--;
    while (start && at - start < 4 && (r->text[start] & 0xC0) == 0x80);
    return decode(r->text + start, at - start, code) == (int)(at - start) ? start : NO_PLACE;
}

/* Read the character at `at`; return where it ends, or NO_PLACE. */
INLINE size_t after(const scanner *r, size_t at, uint32_t *code)
{
    int size = at < r->n ? decode(r->text + at, r->n - at, code) : 0;
    return size ? at + (size_t)size : NO_PLACE;
}

/* Marks belong to a token if they follow a letter, number or underscore, with no more than marks between. */
static int in_token(const scanner *r, size_t mark)
{
    const uint8_t *kind = r->p->table.kind;
    uint32_t code = 0;
    do {
        mark = before(r, mark, &code);
        if (mark == NO_PLACE)
            return 0;
    } while (kind[code] == MARK);
    return kind[code] == LETTER || kind[code] == NUMBER || kind[code] == UNDERSCORE;
}

/* Follow literal text from `at`, backward or forward; return where it is over, or NO_PLACE. */
static size_t literal(const scanner *r, const machine *m, const lists *texts, uint32_t which, size_t at, int back)
{
    const chars *table = &r->p->table;
    for (uint32_t k = texts->starts[which]; k < texts->starts[which + 1]; k++) {
        uint32_t wanted = texts->values[k], code = 0;
        size_t next = back ? before(r, at, &code) : after(r, at, &code);
        if (next == NO_PLACE)
            return NO_PLACE;
        if (wanted == ' ') {
            int feeds = 0;
            if (table->kind[code] != SPACE)
                return NO_PLACE;
            while (next != NO_PLACE && table->kind[code] == SPACE) {
                feeds += code == '\n';
                if (feeds > 1)
                    return NO_PLACE;
                at = next;
                next = back ? before(r, at, &code) : after(r, at, &code);
            }
            continue;
        }
        if (folded(table, m->sensitive, code) != wanted)
            return NO_PLACE;
        if (back && table->kind[code] == MARK && in_token(r, next))
            return NO_PLACE;
        at = next;
    }
    return at;
}

static void offer_literal(scanner *r, const machine *m, size_t first, size_t last, uint32_t node)
{
    for (uint32_t k = m->literal_ends.starts[node]; k < m->literal_ends.starts[node + 1]; k++) {
        uint32_t number = m->literal_ends.values[k], kind = m->literal_kind[number];
        size_t end = literal(r, m, &m->tails, kind, r->base + r->s.ends[last], 0);
        if (end == NO_PLACE)
            continue;
        size_t start = literal(r, m, &m->heads, kind, r->base + r->s.starts[first], 1);
        if (start != NO_PLACE)
            offer(r, start, end, m->literal_entry[number]);
    }
}

/* ---- phrases ---- */

static uint32_t follow(const machine *m, uint32_t node, uint32_t word, uint32_t gap)
{
    uint32_t at = edge_hash(node, word, gap) & m->edge_mask;
    for (; m->edges[at].next; at = (at + 1) & m->edge_mask)
        if (m->edges[at].node == node && m->edges[at].word == word && m->edges[at].gap == gap)
            return m->edges[at].next;
    return 0;
}

static void walk(scanner *r, const machine *m, size_t first)
{
    const stretch *s = &r->s;
    uint32_t *stack = r->stack, depth = 0, code = s->codes[first];
    size_t gap_token = 0; /* the token that `gap` is before */
    uint32_t gap = NO_GAP;
    for (uint32_t k = m->openers.starts[code]; k < m->openers.starts[code + 1]; k++) {
        stack[depth++] = m->openers.values[k];
        stack[depth++] = (uint32_t)first;
    }
    while (depth) {
        size_t token = (size_t)stack[--depth] + 1;
        uint32_t node = stack[--depth];
        uint32_t next_code = s->codes[token]; /* 0 after the last token */
        uint32_t k = m->inner.starts[next_code], end = m->inner.starts[next_code + 1];
        if (k == end)
            continue;
        if (gap_token != token) {
            gap_token = token;
            gap = gap_before(r, m, token);
        }
        if (gap == NO_GAP)
            continue;
        for (; k < end; k++) {
            uint32_t next = follow(m, node, m->inner.values[k], gap);
            if (!next)
                continue;
            for (uint32_t e = m->ends.starts[next]; e < m->ends.starts[next + 1]; e++)
                offer(r, r->base + s->starts[first], r->base + s->ends[token], m->ends.values[e]);
            offer_literal(r, m, first, token, next);
            if (m->goes_on[next]) {
                stack[depth++] = next;
                stack[depth++] = (uint32_t)token;
            }
        }
    }
}

static void match_here(scanner *r, const machine *m, size_t token)
{
    uint32_t code = r->s.codes[token];
    uint64_t start = r->base + r->s.starts[token], end = r->base + r->s.ends[token];
    for (uint32_t k = m->singles.starts[code]; k < m->singles.starts[code + 1]; k++)
        offer(r, start, end, m->singles.values[k]);
    for (uint32_t k = m->checked.starts[code]; k < m->checked.starts[code + 1]; k++)
        offer_literal(r, m, token, token, m->checked.values[k]);
    walk(r, m, token);
    take_best(r);
}

/* Hits of one word where a phrase reaches, but none starts. */
static void match_single(scanner *r, const machine *m, size_t token)
{
    uint32_t code = r->s.codes[token];
    uint64_t start = r->base + r->s.starts[token];
    for (uint32_t k = m->singles.starts[code]; k < m->singles.starts[code + 1]; k++) {
        uint32_t entry = m->singles.values[k], category = r->p->category[entry];
        if (start < r->free_from[category] && !r->p->together[category])
            continue;
        if (r->want_hits)
            add_hit(r, start, r->base + r->s.ends[token], entry);
        else
            add_count(r, entry, 1);
    }
}

/* Two words and a space, where no phrase reaches. Returns the code to tally, 0 if it takes more than this. */
INLINE uint32_t match_pair(scanner *r, const machine *m, size_t token)
{
    const stretch *s = &r->s;
    uint32_t first = s->codes[token], second = s->codes[token + 1], end = s->ends[token];
    if (m->checked.starts[first] < m->checked.starts[first + 1] || token + 1 >= s->n_tokens ||
        s->starts[token + 1] != end + 1 || r->text[r->base + end] != ' ')
        return 0;
    uint32_t at = pair_hash(first, second) & m->pair_mask;
    for (const pair *p; (p = &m->pairs[at])->code; at = (at + 1) & m->pair_mask) {
        if (p->first != first || p->second != second)
            continue;
        uint32_t third = token + 2 < s->n_tokens ? s->codes[token + 2] : 0;
        if (p->follow >> m->kind[third] & 1)
            return 0;
        uint32_t k = m->closes.starts[p->code - m->n_codes], to = m->closes.starts[p->code - m->n_codes + 1];
        if (k < to)
            r->reach = r->base + s->ends[token + 1];
        for (; k < to; k++)
            r->free_from[m->closes.values[k]] = r->reach;
        return p->code;
    }
    return first; /* no phrase starts like this */
}

/* Tell whether the token after `i` may go on in a phrase that this token starts. */
INLINE uint32_t goes_on(const machine *m, const uint32_t *codes, size_t i)
{
    return m->follow[codes[i]] >> m->kind[codes[i + 1]] & 1;
}

static void all_hits(scanner *r, const machine *m, size_t n_tokens)
{
    const uint32_t *codes = r->s.codes;
    uint32_t *found = r->s.found, n = 0;
    for (size_t i = 0; i < n_tokens; i++) { /* nobody can guess which */
        found[n] = (uint32_t)i;
        n += codes[i] - 1 < m->n_acting;
    }
    for (uint32_t k = 0; k < n; k++)
        if (goes_on(m, codes, found[k]))
            match_here(r, m, found[k]);
        else
            match_single(r, m, found[k]);
}

INLINE void add_tally(scanner *r, uint32_t code)
{
    uint32_t before = r->tally[code];
    r->touched[r->n_touched] = code;
    r->n_touched += before == 0;
    r->tally[code] = before + 1 + (before == 0);
}

/* Take every token for a word where no phrase starts and none reaches, without a branch. */
static void tally_all(scanner *r, uint32_t n)
{
    const uint32_t *codes = r->s.found;
    uint32_t *tally = r->tally, *touched = r->touched, n_touched = r->n_touched;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t code = codes[k], before = tally[code];
        touched[n_touched] = code;
        n_touched += before == 0;
        tally[code] = before + 1 + (before == 0);
    }
    r->n_touched = n_touched;
}

/* Of the tokens that may start a phrase, keep those where the next may go on in one of theirs. */
static uint32_t keep_starts(stretch *s, const machine *m, uint32_t n)
{
    const uint32_t *codes = s->codes;
    const uint64_t *follow = m->follow;
    const uint8_t *kind = m->kind;
    uint32_t *starts = s->marked, n_starts = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = starts[k];
        starts[n_starts] = i;
        n_starts += follow[codes[i]] >> kind[codes[i + 1]] & 1;
    }
    return n_starts;
}

/* All counts in two steps: first all words are tallied, then those that may start a phrase are looked at, and what
   is found takes away from the first. */
static void all_counts(scanner *r, const machine *m, size_t n_tokens)
{
    const stretch *s = &r->s;
    const uint32_t *codes = s->codes;
    selected n = r->p->passes->select(m, &r->s, n_tokens);
    uint32_t n_starts = keep_starts(&r->s, m, n.openings);
    tally_all(r, n.hits);
    for (size_t j = 0, next = 0; j <= n_starts; j++) {
        size_t i = j < n_starts ? s->marked[j] : n_tokens;
        for (; next < i && r->base + s->starts[next] < r->reach; next++)
            if (is_hit(m, codes[next])) {
                r->tally[codes[next]]--;
                match_single(r, m, next);
            }
        if (i == n_tokens)
            break;
        next = i + 1;
        r->tally[codes[i]] -= is_hit(m, codes[i]);
        uint32_t code = m->has_pairs && r->base + s->starts[i] >= r->reach ? match_pair(r, m, i) : 0;
        if (code)
            add_tally(r, code);
        else
            match_here(r, m, i);
    }
}

void match_tokens(scanner *r, const machine *m, size_t n_tokens)
{
    if (r->want_hits)
        all_hits(r, m, n_tokens);
    else
        all_counts(r, m, n_tokens);
}

/* Turn the tally of codes into counts of entries. */
void settle(scanner *r, const machine *m)
{
    for (uint32_t k = 0; k < r->n_touched; k++) {
        uint32_t code = r->touched[k], n = r->tally[code] - 1;
        for (uint32_t e = m->singles.starts[code]; n && e < m->singles.starts[code + 1]; e++)
            add_count(r, m->singles.values[e], n);
        r->tally[code] = 0;
    }
    r->n_touched = 0;
}
