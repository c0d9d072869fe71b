/* Tables to machine. Every number is checked here once, so that no pass has to check it again. */

#include <stdlib.h>

#include "build.h"

#define TRY(call)                                                                                         \
    do {                                                                                                  \
        const char *problem_ = (call);                                                                    \
        if (problem_)                                                                                     \
            return problem_;                                                                              \
    } while (0)

static const char MEMORY[] = "out of memory", RANGE[] = "a number is out of range";

static uint32_t power_of_two(uint64_t at_least)
{
    uint32_t n = 2;
    while (n < at_least && n < 1u << 30)
        n *= 2;
    return n;
}

/* ---- copies of what Python gave ---- */

static const char *copied(table_in in, uint32_t **to, uint32_t *n)
{
    if (in.n % 4 || in.n / 4 > INT32_MAX)
        return "a table has a wrong size";
    *n = (uint32_t)(in.n / 4);
    *to = malloc(in.n + 4);
    if (!*to)
        return MEMORY;
    memcpy(*to, in.data, in.n);
    return NULL;
}

static const char *rising(const uint32_t *starts, uint32_t n, uint32_t end)
{
    if (!n || starts[0] || starts[n - 1] != end)
        return RANGE;
    for (uint32_t k = 1; k < n; k++)
        if (starts[k] < starts[k - 1])
            return RANGE;
    return NULL;
}

static const char *copy_lists(table_in starts, table_in values, lists *to, uint32_t limit)
{
    uint32_t n, n_values;
    TRY(copied(starts, &to->starts, &n));
    TRY(copied(values, &to->values, &n_values));
    TRY(rising(to->starts, n, n_values));
    for (uint32_t k = 0; k < n_values; k++)
        if (to->values[k] >= limit)
            return RANGE;
    to->n = n - 1;
    return NULL;
}

static const char *copy_names(table_in starts, table_in bytes, names *to)
{
    uint32_t n;
    TRY(copied(starts, &to->starts, &n));
    TRY(rising(to->starts, n, bytes.n > INT32_MAX ? 0 : (uint32_t)bytes.n));
    to->bytes = malloc(bytes.n + 1);
    if (!to->bytes)
        return MEMORY;
    memcpy(to->bytes, bytes.data, bytes.n);
    to->n = n - 1;
    for (uint32_t k = 0; k < to->n; k++)
        if (to->starts[k + 1] - to->starts[k] > to->longest)
            to->longest = to->starts[k + 1] - to->starts[k];
    return NULL;
}

static const char *hash_names(names *to)
{
    to->mask = power_of_two(2 * (uint64_t)to->n) - 1;
    to->slots = calloc((size_t)to->mask + 1, sizeof(uint32_t));
    if (!to->slots)
        return MEMORY;
    for (uint32_t k = 0; k < to->n; k++) {
        uint64_t hash = word_hash(to->bytes + to->starts[k], to->starts[k + 1] - to->starts[k]);
        uint32_t at = (uint32_t)hash & to->mask;
        while (to->slots[at])
            at = (at + 1) & to->mask;
        to->slots[at] = k + 1;
    }
    return NULL;
}

static void free_names(names *n)
{
    free(n->slots);
    free(n->starts);
    free(n->bytes);
}

static void free_lists(lists *l)
{
    free(l->starts);
    free(l->values);
}

/* ---- words: hash and displace ----

   The high bits of a word's hash choose a bucket, other bits and the shift of the bucket its slot.
   Buckets are placed one after another, the largest first, each with the first shift that fits. */

typedef struct {
    uint64_t low, high, hash;
    uint32_t code, bucket;
} key;

typedef struct {
    uint32_t first, n;
} bucket;

static int by_bucket(const void *a, const void *b)
{
    uint32_t x = ((const key *)a)->bucket, y = ((const key *)b)->bucket;
    return x < y ? -1 : x > y;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = ((const bucket *)a)->n, y = ((const bucket *)b)->n;
    return x > y ? -1 : x < y;
}

static int place_bucket(perfect *p, const key *keys, bucket b)
{
    for (uint32_t shift = 0; shift <= p->mask; shift += sizeof(slot)) {
        uint32_t k = 0;
        for (; k < b.n; k++) {
            const key *word = &keys[b.first + k];
            uint32_t at = (((uint32_t)(word->hash >> 32) + shift) & p->mask) / sizeof(slot);
            if (p->slots[at].code)
                break;
            p->slots[at] = (slot){word->low, word->code};
            p->high[at] = word->high;
        }
        if (k == b.n) {
            p->shifts[keys[b.first].bucket] = shift;
            return 1;
        }
        while (k--) {
            uint32_t at = (((uint32_t)(keys[b.first + k].hash >> 32) + shift) & p->mask) / sizeof(slot);
            p->slots[at] = (slot){0, 0};
            p->high[at] = 0;
        }
    }
    return 0;
}

static int place_all(perfect *p, key *keys, uint32_t n, bucket *buckets)
{
    uint32_t n_buckets = 0;
    for (uint32_t k = 0; k < n; k++) {
        keys[k].hash = keys[k].low * p->times_low + keys[k].high * p->times_high;
        keys[k].bucket = (uint32_t)(keys[k].hash >> p->bucket_shift);
    }
    qsort(keys, n, sizeof(key), by_bucket);
    for (uint32_t k = 0; k < n; k++) {
        if (!k || keys[k].bucket != keys[k - 1].bucket)
            buckets[n_buckets++] = (bucket){k, 0};
        buckets[n_buckets - 1].n++;
    }
    qsort(buckets, n_buckets, sizeof(bucket), by_size);
    for (uint32_t k = 0; k < n_buckets; k++)
        if (!place_bucket(p, keys, buckets[k]))
            return 0;
    return 1;
}

static void free_perfect(perfect *p)
{
    free(p->shifts);
    free(p->slots);
    free(p->high);
    memset(p, 0, sizeof *p);
}

static const char *try_perfect(perfect *p, key *keys, uint32_t n, uint32_t n_slots, uint64_t seed, int *done)
{
    uint32_t n_buckets = power_of_two(n / 2);
    bucket *buckets = malloc((n + 1) * sizeof(bucket));
    free_perfect(p);
    p->times_low = (seed * 6364136223846793005u) | 1;
    p->times_high = (seed * 0xC2B2AE3D27D4EB4Fu) | 1;
    p->bucket_shift = 64 - __builtin_ctz(n_buckets);
    p->mask = (n_slots - 1) * (uint32_t)sizeof(slot);
    p->shifts = calloc(n_buckets, sizeof(uint32_t));
    p->slots = calloc(n_slots, sizeof(slot));
    p->high = calloc(n_slots, sizeof(uint64_t));
    int room = buckets && p->shifts && p->slots && p->high;
    *done = room && place_all(p, keys, n, buckets);
    free(buckets);
    return room ? NULL : MEMORY;
}

static const char *build_perfect(perfect *p, key *keys, uint32_t n)
{
    uint32_t n_slots = power_of_two(n + n / 4);
    int done = 0;
    for (uint64_t tries = 1; tries <= 64 && !done; tries++) {
        if (tries % 8 == 0 && n_slots < 1u << 27)
            n_slots *= 2;
        TRY(try_perfect(p, keys, n, n_slots, tries * 0x9E3779B97F4A7C15u, &done));
    }
    return done ? NULL : "two words are the same";
}

/* Read the code of each word. */
static const char *copy_codes(table_in in, const names *of, uint32_t **codes, uint32_t *n_codes)
{
    uint32_t n;
    TRY(copied(in, codes, &n));
    if (n != of->n)
        return RANGE;
    *n_codes += n;
    return NULL;
}

/* Tell whether a word starts with a number or an underscore: only then such tokens matter. */
static void look_for_numbers(machine *m, const chars *table, const names *all)
{
    for (uint32_t k = 0; k < all->n; k++) {
        uint32_t code = 0, size = all->starts[k + 1] - all->starts[k];
        if (!size || !decode(all->bytes + all->starts[k], size, &code) ||
            (table->kind[code] != LETTER && table->kind[code] != SPACELESS))
            m->has_numbers = 1;
    }
}

/* A word that is no short ASCII word. */
static void add_word(machine *m, const uint8_t *bytes, uint32_t size, uint32_t code)
{
    uint32_t from = m->words.starts[m->words.n];
    memcpy(m->words.bytes + from, bytes, size);
    m->word_codes[m->words.n] = code;
    m->words.starts[++m->words.n] = from + size;
    m->words.longest = size > m->words.longest ? size : m->words.longest;
}

static const char *sort_words(machine *m, const names *all, const uint32_t *codes, key *shorts, key *longs)
{
    uint32_t n_short = 0, n_long = 0;
    for (uint32_t k = 0; k < all->n; k++) {
        const uint8_t *bytes = all->bytes + all->starts[k];
        uint32_t size = all->starts[k + 1] - all->starts[k];
        uint8_t any = 0, padded[16] = {0};
        for (uint32_t i = 0; i < size; i++)
            any |= bytes[i];
        if (size > 16 || any >= 0x80) {
            add_word(m, bytes, size, codes[k]);
            continue;
        }
        for (uint32_t i = 0; i < size; i++)
            padded[i] = bytes[i] | (uint8_t)m->fold;
        key made = {load8(padded), load8(padded + 8), 0, codes[k], 0};
        if (size <= 8)
            shorts[n_short++] = made;
        else
            longs[n_long++] = made;
    }
    TRY(build_perfect(&m->short_words, shorts, n_short));
    TRY(build_perfect(&m->long_words, longs, n_long));
    return hash_names(&m->words);
}

static const char *build_words(machine *m, const chars *table, table_in starts_in, table_in bytes_in,
                               table_in codes_in)
{
    names all = {0};
    uint32_t *codes = NULL;
    key *shorts = NULL, *longs = NULL;
    const char *problem = copy_names(starts_in, bytes_in, &all);
    if (!problem)
        problem = copy_codes(codes_in, &all, &codes, &m->n_codes);
    if (!problem) {
        m->longest = all.longest;
        look_for_numbers(m, table, &all);
        m->words.starts = calloc(all.n + 1, sizeof(uint32_t));
        m->words.bytes = malloc(bytes_in.n + 1);
        m->word_codes = calloc(all.n + 1, sizeof(uint32_t));
        shorts = calloc(all.n + 1, sizeof(key));
        longs = calloc(all.n + 1, sizeof(key));
        int room = m->words.starts && m->words.bytes && m->word_codes && shorts && longs;
        problem = room ? sort_words(m, &all, codes, shorts, longs) : MEMORY;
    }
    free(shorts);
    free(longs);
    free(codes);
    free_names(&all);
    return problem;
}

/* ---- prefixes ---- */

static void let_through(machine *m, const uint8_t *bytes, uint32_t size)
{
    uint32_t known = 0, n_known = size < 3 ? size : 3;
    for (uint32_t i = 0; i < n_known; i++)
        known |= (uint32_t)bytes[i] << 8 * i;
    for (uint32_t rest = 0; rest < 1u << 5 * (3 - n_known); rest++) {
        uint32_t any = (rest & 31) | rest >> 5 << 8; /* what may come after a shorter prefix */
        m->filter[filter_index(known | (uint64_t)any << 8 * n_known)] = 1;
    }
    uint32_t first = bytes[0] & 31;
    m->second[first] |= size > 1 ? 1u << (bytes[1] & 31) : ~0u;
    m->third[first] |= size > 2 ? 1u << (bytes[2] & 31) : ~0u;
}

static const char *build_prefixes(machine *m, const chars *table, table_in starts_in, table_in bytes_in,
                                  table_in codes_in)
{
    names all = {0};
    uint32_t *codes = NULL;
    const char *problem = copy_names(starts_in, bytes_in, &all);
    if (!problem)
        problem = copy_codes(codes_in, &all, &codes, &m->n_codes);
    size_t room = bytes_in.n + 2, n_nodes = 1, made = 0;
    uint32_t *child = calloc(room, 4), *sibling = calloc(room, 4), *code = calloc(room, 4);
    uint8_t *byte = calloc(room, 1);
    m->filter = calloc(FILTER, 1);
    m->trie = calloc(room, sizeof(prefix_node));
    m->trie_bytes = calloc(room, 1);
    m->trie_next = calloc(room, sizeof(uint32_t));
    if (!problem && (!child || !sibling || !code || !byte || !m->filter || !m->trie || !m->trie_bytes ||
                     !m->trie_next))
        problem = MEMORY;
    if (!problem)
        look_for_numbers(m, table, &all);
    for (uint32_t k = 0; !problem && k < all.n; k++) {
        uint32_t node = 0, size = all.starts[k + 1] - all.starts[k];
        uint8_t any = 0, *bytes = all.bytes + all.starts[k];
        for (uint32_t i = 0; i < size; i++) {
            any |= bytes[i];
            bytes[i] = bytes[i] < 0x80 ? bytes[i] | (uint8_t)m->fold : bytes[i];
            uint32_t next = child[node];
            while (next && byte[next] != bytes[i])
                next = sibling[next];
            if (!next) {
                next = (uint32_t)n_nodes++;
                byte[next] = bytes[i];
                sibling[next] = child[node];
                child[node] = next;
            }
            node = next;
        }
        code[node] = codes[k];
        if (size && any < 0x80)
            let_through(m, bytes, size);
    }
    for (size_t node = 0; !problem && node < n_nodes; node++) {
        m->trie[node].first = (uint32_t)made;
        m->trie[node].code = code[node];
        for (uint32_t next = child[node]; next; next = sibling[next]) {
            m->trie_bytes[made] = byte[next];
            m->trie_next[made++] = next;
            m->trie[node].n++;
        }
    }
    m->n_prefixes = all.n;
    m->n_trie = (uint32_t)n_nodes;
    m->longest = all.longest > m->longest ? all.longest : m->longest;
    free(child);
    free(sibling);
    free(code);
    free(byte);
    free(codes);
    free_names(&all);
    return problem;
}

/* ---- phrases ---- */

static const char *build_edges(machine *m, table_in in, uint32_t most_inner, uint32_t most_openers)
{
    uint32_t n, *flat, *depth, most = 1;
    const char *problem = copied(in, &flat, &n);
    if (problem)
        return problem;
    m->edge_mask = power_of_two(n / 2) - 1;
    m->edges = calloc((size_t)m->edge_mask + 1, sizeof(edge));
    m->goes_on = calloc(m->n_nodes + 1, 1);
    depth = calloc(m->n_nodes + 1, sizeof(uint32_t));
    if (n % 4 || !m->edges || !m->goes_on || !depth)
        problem = n % 4 ? RANGE : MEMORY;
    for (uint32_t k = 0; !problem && k < n; k += 4) {
        edge e = {flat[k], flat[k + 1], flat[k + 2], flat[k + 3]};
        int sorted = !k || flat[k - 4] <= e.node;
        if (!sorted || e.node >= e.next || e.next >= m->n_nodes || e.word >= m->n_words || e.gap >= m->gaps.n) {
            problem = RANGE;
            break;
        }
        uint32_t at = edge_hash(e.node, e.word, e.gap) & m->edge_mask;
        while (m->edges[at].next)
            at = (at + 1) & m->edge_mask;
        m->edges[at] = e;
        m->goes_on[e.node] = 1;
        depth[e.next] = depth[e.node] + 1; /* a node's own edge comes before those that leave it */
        if (depth[e.next] + 1 > most)
            most = depth[e.next] + 1;
    }
    m->most_words = most;
    m->stack = most_openers + most * most_inner + 1;
    free(flat);
    free(depth);
    return problem;
}

/* Which next tokens are worth a look after each code: see `goes_on` in phrases.c. */
static const char *build_follow(machine *m)
{
    uint64_t *of_word = calloc(m->n_words + 1, 8);
    uint64_t *of_node = m->node_follow = calloc(m->n_nodes + 1, 8);
    m->follow = calloc(m->n_codes + 1, 8);
    m->kind = calloc(m->n_codes + 1, 1);
    if (!of_word || !of_node || !m->follow || !m->kind) {
        free(of_word);
        return MEMORY;
    }
    uint32_t n = 0;
    for (uint32_t code = 0; code < m->n_codes; code++) {
        uint32_t from = m->inner.starts[code], to = m->inner.starts[code + 1];
        if (from < to)
            m->kind[code] = (uint8_t)(1 + n++ % 63);
        for (uint32_t k = from; k < to; k++)
            of_word[m->inner.values[k]] |= (uint64_t)1 << m->kind[code];
    }
    for (uint32_t k = 0; k <= m->edge_mask; k++)
        if (m->edges[k].next)
            of_node[m->edges[k].node] |= of_word[m->edges[k].word];
    for (uint32_t code = 0; code < m->n_codes; code++) {
        for (uint32_t k = m->openers.starts[code]; k < m->openers.starts[code + 1]; k++)
            m->follow[code] |= of_node[m->openers.values[k]];
        if (m->checked.starts[code] < m->checked.starts[code + 1])
            m->follow[code] = ~(uint64_t)0;
    }
    free(of_word);
    return NULL;
}

/* Codes come in the order of what they are, so that one or two comparisons tell whether a token is a hit by itself,
   may start a phrase, or may go on in one:

     class           0  1  2  3  4  5  6
     hit             x  x        x  x
     starts a phrase    x  x  x  x
     goes on in one           x  x  x  x */
static int class_of(const machine *m, uint32_t code)
{
    int hit = m->singles.starts[code] < m->singles.starts[code + 1];
    int inner = m->inner.starts[code] < m->inner.starts[code + 1];
    if (m->openers.starts[code] == m->openers.starts[code + 1] && m->checked.starts[code] == m->checked.starts[code + 1])
        return hit ? (inner ? 5 : 0) : 6;
    return hit ? (inner ? 4 : 1) : (inner ? 3 : 2);
}

static const char *build_classes(machine *m)
{
    uint32_t first[8]; /* code of each class */
    int class = 0;
    first[0] = 1;
    for (uint32_t code = 1; code < m->n_codes; code++) {
        int here = class_of(m, code);
        if (here < class)
            return RANGE;
        while (class < here)
            first[++class] = code;
    }
    while (class < 7)
        first[++class] = m->n_codes;
    m->n_acting = first[6] - 1;
    m->first_silent = first[2];
    m->n_silent = first[4] - first[2];
    m->first_opening = first[1];
    m->n_opening = first[5] - first[1];
    m->first_inner = m->checked.starts[m->n_codes] ? 0 : first[3];
    return NULL;
}

static uint32_t most(const lists *l)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < l->n; k++)
        n = l->starts[k + 1] - l->starts[k] > n ? l->starts[k + 1] - l->starts[k] : n;
    return n;
}

static const char *build_literals(machine *m, const table_in in[N_TABLES], uint32_t n_entries)
{
    uint32_t n_kinds;
    TRY(copied(in[IN_LITERAL_ENTRY], &m->literal_entry, &m->n_literal_ends));
    TRY(copied(in[IN_LITERAL_KIND], &m->literal_kind, &n_kinds));
    TRY(copy_lists(in[IN_HEADS], in[IN_HEADS_VALUES], &m->heads, N_CODE_POINTS));
    TRY(copy_lists(in[IN_TAILS], in[IN_TAILS_VALUES], &m->tails, N_CODE_POINTS));
    if (n_kinds != m->n_literal_ends || m->heads.n != m->tails.n)
        return RANGE;
    for (uint32_t k = 0; k < n_kinds; k++)
        if (m->literal_entry[k] >= n_entries || m->literal_kind[k] >= m->heads.n)
            return RANGE;
    TRY(copy_lists(in[IN_ENDS], in[IN_ENDS_VALUES], &m->ends, n_entries));
    TRY(copy_lists(in[IN_LITERAL_ENDS], in[IN_LITERAL_ENDS_VALUES], &m->literal_ends, m->n_literal_ends));
    return m->ends.n != m->n_nodes || m->literal_ends.n != m->n_nodes ? RANGE : NULL;
}

static int in_range(const uint32_t *codes, uint32_t n, uint32_t limit)
{
    for (uint32_t k = 0; k < n; k++)
        if (codes[k] >= limit)
            return 0;
    return 1;
}

static int perfect_in_range(const perfect *p, uint32_t limit)
{
    for (uint32_t k = 0; k <= p->mask / sizeof(slot); k++)
        if (p->slots[k].code >= limit)
            return 0;
    return 1;
}

/* Every code must have its lists. */
static const char *check_codes(const machine *m)
{
    int good = perfect_in_range(&m->short_words, m->n_codes) && perfect_in_range(&m->long_words, m->n_codes) &&
               in_range(m->word_codes, m->words.n, m->n_codes);
    for (uint32_t k = 0; k < m->n_trie; k++)
        good = good && m->trie[k].code < m->n_codes;
    return good ? NULL : RANGE;
}

const char *build_machine(machine *m, const program *p, const table_in in[N_TABLES])
{
    const chars *table = &p->table;
    const uint32_t n_entries = p->n_entries;
    uint32_t settings[4];
    if (in[IN_SETTINGS].n != sizeof settings)
        return RANGE;
    memcpy(settings, in[IN_SETTINGS].data, sizeof settings);
    m->sensitive = settings[0] != 0;
    m->skip_commands = settings[1] != 0;
    m->n_words = settings[2];
    m->n_nodes = settings[3];
    if (m->n_words > INT32_MAX || m->n_nodes > INT32_MAX)
        return RANGE;
    m->fold = m->sensitive ? 0 : 0x2020202020202020u;
    m->n_codes = 1;
    TRY(build_words(m, table, in[IN_WORD_STARTS], in[IN_WORD_BYTES], in[IN_WORD_CODES]));
    TRY(build_prefixes(m, table, in[IN_PREFIX_STARTS], in[IN_PREFIX_BYTES], in[IN_PREFIX_CODES]));
    TRY(check_codes(m));
    TRY(copy_lists(in[IN_SINGLES], in[IN_SINGLES_VALUES], &m->singles, n_entries));
    TRY(copy_lists(in[IN_OPENERS], in[IN_OPENERS_VALUES], &m->openers, m->n_nodes));
    TRY(copy_lists(in[IN_CHECKED], in[IN_CHECKED_VALUES], &m->checked, m->n_nodes));
    TRY(copy_lists(in[IN_INNER], in[IN_INNER_VALUES], &m->inner, m->n_words));
    if (m->singles.n != m->n_codes || m->openers.n != m->n_codes || m->checked.n != m->n_codes ||
        m->inner.n != m->n_codes)
        return RANGE;
    TRY(build_classes(m));
    TRY(copy_names(in[IN_GAP_STARTS], in[IN_GAP_BYTES], &m->gaps));
    TRY(hash_names(&m->gaps));
    TRY(build_literals(m, in, n_entries));
    TRY(build_edges(m, in[IN_EDGES], most(&m->inner), most(&m->openers)));
    TRY(build_follow(m));
    return build_pairs(m, p);
}

void free_machine(machine *m)
{
    lists *all[] = {&m->singles, &m->openers, &m->checked, &m->inner, &m->ends, &m->literal_ends, &m->heads,
                    &m->tails,   &m->closes};
    void *arrays[] = {m->word_codes, m->filter, m->trie, m->trie_bytes, m->trie_next,
                      m->follow, m->node_follow, m->pairs, m->kind, m->edges, m->goes_on, m->literal_entry, m->literal_kind};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free_lists(all[k]);
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
        free(arrays[k]);
    free_perfect(&m->short_words);
    free_perfect(&m->long_words);
    free_names(&m->words);
    free_names(&m->gaps);
    memset(m, 0, sizeof *m);
}

/* The first pass knows ASCII by heart; the table must agree. */
const char *check_characters(const chars *table)
{
    for (uint32_t code = 0; code < 128; code++) {
        int small = code >= 'a' && code <= 'z', large = code >= 'A' && code <= 'Z', expected = OTHER;
        if (small || large)
            expected = LETTER;
        else if (code >= '0' && code <= '9')
            expected = NUMBER;
        else if (code == '_')
            expected = UNDERSCORE;
        else if (code == '\'')
            expected = APOSTROPHE;
        int space = table->kind[code] == SPACE && expected == OTHER;
        if ((table->kind[code] != expected && !space) || table->lower[code] != (large ? code + 32 : code))
            return "the table of characters is another than the kernel was written for";
    }
    for (uint32_t code = 128; code < N_CODE_POINTS; code++) {
        if (table->kind[code] > SPACE || (table->kind[code] == APOSTROPHE) != (code == CURLY) ||
            table->lower[code] >= N_CODE_POINTS)
            return "the table of characters is another than the kernel was written for";
    }
    return NULL;
}
