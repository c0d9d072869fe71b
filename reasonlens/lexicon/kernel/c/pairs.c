/* Two words and one space: what most phrases are, worked out when the program is built.

   For each two codes that begin a phrase, `pair` says which entries they are together, so that phrases are
   tallied like words. A third token with which a longer phrase may go on, literal text, and another gap
   than a space are left to the general way in phrases.c, and so is everything if there are too many. */

#include <stdlib.h>

#include "build.h"

enum { MOST = 1 << 16, SPACE_GAP = 1 };

typedef struct {
    uint32_t first, second, node;
} step;

typedef struct {           /* what is being made */
    machine *m;
    const program *p;
    step *steps;
    uint32_t n_steps;
    lists singles, closes; /* `values` grow */
    uint32_t room_singles, room_closes;
} making;

static int by_codes(const void *a, const void *b)
{
    const step *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

/* Lists turned round: for each value the lists that have it. */
static int turned(const lists *from, uint32_t n_values, lists *to)
{
    to->n = n_values;
    to->starts = calloc((size_t)n_values + 2, sizeof(uint32_t));
    to->values = calloc((size_t)from->starts[from->n] + 1, sizeof(uint32_t));
    if (!to->starts || !to->values)
        return 0;
    for (uint32_t k = 0; k < from->starts[from->n]; k++)
        to->starts[from->values[k] + 2]++;
    for (uint32_t k = 2; k <= n_values; k++)
        to->starts[k] += to->starts[k - 1];
    for (uint32_t i = 0; i < from->n; i++)
        for (uint32_t k = from->starts[i]; k < from->starts[i + 1]; k++)
            to->values[to->starts[from->values[k] + 1]++] = i;
    return 1;
}

/* Return all two codes with a space that a phrase begins with, sorted; 0 if there are too many. */
static int find_steps(making *w)
{
    const machine *m = w->m;
    lists openers = {0}, inner = {0};
    int good = turned(&m->openers, m->n_nodes, &openers) && turned(&m->inner, m->n_words, &inner);
    w->steps = good ? malloc((MOST + 1) * sizeof(step)) : NULL;
    good = w->steps != NULL;
    for (uint32_t k = 0; good && k <= m->edge_mask; k++) {
        edge e = m->edges[k];
        if (!e.next || e.gap != SPACE_GAP)
            continue;
        for (uint32_t i = openers.starts[e.node]; good && i < openers.starts[e.node + 1]; i++)
            for (uint32_t j = inner.starts[e.word]; good && j < inner.starts[e.word + 1]; j++) {
                good = w->n_steps < MOST;
                w->steps[w->n_steps++] = (step){openers.values[i], inner.values[j], e.next};
            }
    }
    free(openers.starts);
    free(openers.values);
    free(inner.starts);
    free(inner.values);
    if (good)
        qsort(w->steps, w->n_steps, sizeof(step), by_codes);
    return good;
}

static int push(lists *to, uint32_t *room, uint32_t value)
{
    uint32_t n = to->starts[to->n];
    if (n == *room) {
        uint32_t *more = realloc(to->values, 2 * ((size_t)n + 512) * sizeof(uint32_t));
        if (!more)
            return 0;
        to->values = more;
        *room = 2 * (n + 512);
    }
    to->values[n] = value;
    to->starts[to->n]++;
    return 1;
}

/* Add to the entries of a pair those that end with it: one for each category, that of lowest rank. */
static int add_ends(making *w, const step *steps, uint32_t n)
{
    const machine *m = w->m;
    uint32_t from = w->singles.starts[w->singles.n - 1];
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t e = m->ends.starts[steps[k].node]; e < m->ends.starts[steps[k].node + 1]; e++) {
            uint32_t entry = m->ends.values[e], category = w->p->category[entry], i = from;
            while (i < w->singles.starts[w->singles.n] && w->p->category[w->singles.values[i]] != category)
                i++;
            if (i == w->singles.starts[w->singles.n]) {
                if (!push(&w->singles, &w->room_singles, entry) || !push(&w->closes, &w->room_closes, category))
                    return 0;
            } else if (w->p->rank[entry] < w->p->rank[w->singles.values[i]]) {
                w->singles.values[i] = entry;
            }
        }
    return 1;
}

/* Add the first word's own entries, in categories where the pair is none: there it is longer. */
static int add_first(making *w, uint32_t code)
{
    uint32_t from = w->singles.starts[w->singles.n - 1], to = w->singles.starts[w->singles.n];
    for (uint32_t k = w->singles.starts[code]; k < w->singles.starts[code + 1]; k++) {
        uint32_t entry = w->singles.values[k], i = from;
        while (i < to && w->p->category[w->singles.values[i]] != w->p->category[entry])
            i++;
        if (i == to && !push(&w->singles, &w->room_singles, entry))
            return 0;
    }
    return 1;
}

static int add_pair(making *w, const step *steps, uint32_t n)
{
    machine *m = w->m;
    pair made = {steps->first, steps->second, 0, 0};
    uint32_t at = pair_hash(made.first, made.second) & m->pair_mask;
    w->singles.n++;
    w->closes.n++;
    w->singles.starts[w->singles.n] = w->singles.starts[w->singles.n - 1];
    w->closes.starts[w->closes.n] = w->closes.starts[w->closes.n - 1];
    if (!add_ends(w, steps, n) || !add_first(w, steps->first))
        return 0;
    for (uint32_t k = 0; k < n; k++) {
        made.follow |= m->node_follow[steps[k].node];
        if (m->literal_ends.starts[steps[k].node] < m->literal_ends.starts[steps[k].node + 1])
            made.follow = ~(uint64_t)0;
    }
    made.code = w->singles.n - 1;
    while (m->pairs[at].code)
        at = (at + 1) & m->pair_mask;
    m->pairs[at] = made;
    return 1;
}

static int make_pairs(making *w, uint32_t n_pairs)
{
    machine *m = w->m;
    m->pair_mask = 2;
    while (m->pair_mask < 2 * n_pairs)
        m->pair_mask *= 2;
    m->pair_mask--;
    m->pairs = calloc((size_t)m->pair_mask + 1, sizeof(pair));
    w->singles = m->singles;
    w->room_singles = m->singles.starts[m->n_codes];
    w->singles.starts = realloc(m->singles.starts, ((size_t)m->n_codes + n_pairs + 1) * sizeof(uint32_t));
    if (w->singles.starts)
        m->singles.starts = w->singles.starts;
    w->closes.starts = calloc((size_t)n_pairs + 1, sizeof(uint32_t));
    int good = m->pairs && w->singles.starts && w->closes.starts;
    for (uint32_t k = 0, n; good && k < w->n_steps; k += n) {
        for (n = 1; k + n < w->n_steps; n++)
            if (w->steps[k].first != w->steps[k + n].first || w->steps[k].second != w->steps[k + n].second)
                break;
        good = add_pair(w, w->steps + k, n);
        m->singles.values = w->singles.values;
    }
    m->closes = w->closes;
    if (good)
        m->singles.n = w->singles.n;
    return good;
}

const char *build_pairs(machine *m, const program *p)
{
    making w = {0};
    uint32_t n_pairs = 0;
    int together = 0;
    w.m = m;
    w.p = p;
    for (uint32_t k = 0; k < p->n_categories; k++)
        together |= p->together[k];
    int good = !together && find_steps(&w);
    for (uint32_t k = 0; good && k < w.n_steps; k++)
        n_pairs += !k || w.steps[k].first != w.steps[k - 1].first || w.steps[k].second != w.steps[k - 1].second;
    m->has_pairs = good;
    good = !good || make_pairs(&w, n_pairs);
    free(w.steps);
    return good ? NULL : "out of memory";
}
