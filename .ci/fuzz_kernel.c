/* Fuzz target of the counting kernel: any bytes, as a text, as a line of JSON and as several.

   The bytes lie in a block of exactly their size, so that a sanitizer sees every read beyond them. Each
   text is counted with all instructions and two sizes of stretches, and its hits are counted; all must agree.
   Usage: see .ci/kernel. With -DALONE it makes up texts itself, for compilers without libFuzzer, and ends with a
   digest of all counts: with a number of texts instead of seconds it is the same on every machine (.ci/arm64). */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "build.h"
#include "counter.h"

#define MUST(condition)                                                                                   \
    do {                                                                                                  \
        if (!(condition)) {                                                                               \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                               \
            abort();                                                                                      \
        }                                                                                                 \
    } while (0)

enum { MOST_PROGRAMS = 32 };

static program programs[MOST_PROGRAMS];
static unsigned n_programs;
static uint64_t digest = 14695981039346656037u; /* FNV-1a */

static void add_to_digest(uint64_t value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        digest = (digest ^ (value & 0xFF)) * 1099511628211u;
}

/* ---- programs, as .ci/kernel wrote them ---- */

static table_in read_table(FILE *file)
{
    uint32_t size;
    MUST(fread(&size, 4, 1, file) == 1);
    char *data = malloc(size + 1);
    MUST(data && fread(data, 1, size, file) == size);
    return (table_in){data, size};
}

static void read_programs(const char *path)
{
    FILE *file = fopen(path, "rb");
    MUST(file);
    table_in kinds = read_table(file), lower = read_table(file);
    chars table = {kinds.data, lower.data};
    MUST(!check_characters(&table));
    uint32_t n_machines;
    while (fread(&n_machines, 4, 1, file) == 1) {
        MUST(n_programs < MOST_PROGRAMS);
        program *p = &programs[n_programs++];
        table_in category = read_table(file), rank = read_table(file), together = read_table(file);
        p->table = table;
        p->category = (uint32_t *)category.data;
        p->rank = (uint32_t *)rank.data;
        p->together = (uint8_t *)together.data;
        p->n_entries = (uint32_t)(category.n / 4);
        p->n_categories = (uint32_t)together.n;
        p->n_machines = n_machines;
        p->machines = calloc(n_machines + 1, sizeof(machine));
        p->drop_numbers = 1;
        for (uint32_t k = 0; k < n_machines; k++) {
            table_in in[N_TABLES];
            for (int i = 0; i < N_TABLES; i++)
                in[i] = read_table(file);
            const char *problem = build_machine(&p->machines[k], p, in);
            MUST(!problem);
            p->drop_numbers = p->drop_numbers && !p->machines[k].has_numbers;
            for (int i = 0; i < N_TABLES; i++)
                free((void *)in[i].data);
        }
    }
    fclose(file);
    MUST(n_programs);
}

/* ---- one text ---- */

typedef struct {
    status ended;
    int64_t n_words, n_chars;
    uint32_t *count;
} result;

static void check_hits(const scanner *r, uint32_t *count)
{
    for (size_t k = 0; k < r->n_hits; k++) {
        const hit *h = &r->hits[k];
        MUST(h->start_byte >= 0 && h->start_byte < h->end_byte && h->end_byte <= (int64_t)r->n);
        MUST(h->start >= 0 && h->start < h->end && h->end <= r->n_chars);
        MUST(h->start <= h->start_byte && h->end - h->start <= h->end_byte - h->start_byte);
        MUST((r->text[h->start_byte] & 0xC0) != 0x80);
        count[h->entry]++;
    }
}

static result search(program *p, const uint8_t *text, size_t n, int level, size_t stretch_size, int hits)
{
    scanner r;
    result found = {FINE, 0, 0, calloc(p->n_entries + 1, 4)};
    p->passes = passes_of(level);
    p->stretch = stretch_size;
    MUST(found.count && scanner_new(&r, p, hits) == FINE);
    found.ended = scan_text(&r, text, n, text + n);
    if (found.ended == FINE) {
        found.n_words = r.n_words;
        found.n_chars = r.n_chars;
        if (hits)
            check_hits(&r, found.count);
        else
            memcpy(found.count, r.count, p->n_entries * sizeof(uint32_t));
    }
    forget(&r);
    for (uint32_t k = 0; k < p->n_entries; k++)
        MUST(!r.count[k]);
    scanner_free(&r);
    return found;
}

static void check_text(program *p, const uint8_t *text, size_t n, size_t small)
{
    result wanted = search(p, text, n, 0, 4096, 0);
    for (int level = 0; level <= 2; level++)
        for (int hits = 0; hits <= 1; hits++) {
            result found = search(p, text, n, level, small, hits);
            MUST(found.ended == wanted.ended);
            MUST(found.n_words == wanted.n_words && found.n_chars == wanted.n_chars);
            MUST(!memcmp(found.count, wanted.count, p->n_entries * sizeof(uint32_t)));
            free(found.count);
        }
    add_to_digest((uint64_t)wanted.ended);
    add_to_digest((uint64_t)wanted.n_words);
    add_to_digest((uint64_t)wanted.n_chars);
    for (uint32_t k = 0; k < p->n_entries; k++)
        add_to_digest(wanted.count[k]);
    free(wanted.count);
}

/* All ways of reading a line agree on whether it has a text, and on what that is. */
static void check_line(program *p, const uint8_t *line, size_t n)
{
    line_text first = {malloc(n + 2 * PAD), 0, n + 2 * PAD}, out = {malloc(n + 2 * PAD), 0, n + 2 * PAD};
    int wanted = 0;
    MUST(first.text && out.text);
    for (int level = 0; level <= 2; level++) {
        line_text *here = level ? &out : &first;
        int kind = read_line(passes_of(level), line, n, (const uint8_t *)"t", 1, here);
        MUST(here->n <= n && kind >= LINE_TEXT && kind <= LINE_WITHOUT);
        if (kind == LINE_TEXT) {
            result found = search(p, here->text, here->n, level, 64, 0);
            if (found.ended == NOT_UTF8)
                kind = LINE_UNUSUAL;
            else
                MUST(found.ended == FINE);
            free(found.count);
        }
        if (!level)
            wanted = kind;
        MUST(kind == wanted);
        if (kind == LINE_TEXT)
            MUST(here->n == first.n && !memcmp(here->text, first.text, first.n));
    }
    add_to_digest((uint64_t)wanted);
    free(first.text);
    free(out.text);
}

static int same(const void *a, const void *b, size_t n)
{
    return n == 0 || !memcmp(a, b, n);
}

/* Lines that come at once and lines that come one by one give the same rows. */
static void check_pieces(program *p, const uint8_t *data, size_t n)
{
    counter once, one_by_one;
    MUST(counter_new(&once, p, (const uint8_t *)"t", 1) == FINE);
    MUST(counter_new(&one_by_one, p, (const uint8_t *)"t", 1) == FINE);
    counter_add(&once, data, n);
    for (size_t at = 0, size; at < n; at += size) {
        const uint8_t *feed = memchr(data + at, '\n', n - at);
        size = feed ? (size_t)(feed - data) + 1 - at : n - at;
        uint8_t *line = malloc(size);
        MUST(line);
        memcpy(line, data + at, size);
        counter_add(&one_by_one, line, size);
        free(line);
    }
    size_t rows = once.n, wide = rows * sizeof(int64_t), pairs = once.found.n * sizeof(int32_t);
    MUST(once.failed == FINE && one_by_one.failed == FINE);
    MUST(one_by_one.n == rows && one_by_one.n_all == once.n_all && one_by_one.found.n == once.found.n);
    MUST(same(one_by_one.numbers, once.numbers, wide) && same(one_by_one.kinds, once.kinds, rows));
    MUST(same(one_by_one.n_chars, once.n_chars, wide) && same(one_by_one.n_words, once.n_words, wide));
    MUST(same(one_by_one.ends, once.ends, wide) && same(one_by_one.found.entries, once.found.entries, pairs));
    MUST(same(one_by_one.found.numbers, once.found.numbers, pairs));
    counter_free(&once);
    counter_free(&one_by_one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!n_programs)
        read_programs(getenv("KERNEL_PROGRAMS"));
    if (n < 2)
        return 0;
    program *p = &programs[data[0] % n_programs];
    size_t small = (size_t)data[1] % 200 + 1;
    uint8_t *text = malloc(n - 2 ? n - 2 : 1);
    MUST(text);
    memcpy(text, data + 2, n - 2);
    check_text(p, text, n - 2, small);
    check_line(p, text, n - 2);
    check_pieces(p, text, n - 2);
    free(text);
    return 0;
}

#ifdef ALONE
/* The same numbers on every machine, which rand() does not give. */
static unsigned chosen(unsigned n)
{
    static uint64_t state = 7;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

/* Texts of the words in a file, one a line, and of random bytes, until the time is over, or so many:
   WORDS SECONDS, or WORDS 0 TEXTS. */
int main(int n_args, char **args)
{
    static char words[1000][64];
    static uint8_t data[4096];
    unsigned n_words = 0;
    unsigned long long texts = 0;
    MUST(n_args == 3 || n_args == 4);
    unsigned long long most = n_args == 4 ? strtoull(args[3], NULL, 10) : 0;
    FILE *file = fopen(args[1], "rb");
    MUST(file);
    while (n_words < 1000 && fgets(words[n_words], 64, file)) {
        words[n_words][strcspn(words[n_words], "\n")] = 0;
        n_words++;
    }
    fclose(file);
    for (time_t end = time(NULL) + atoi(args[2]); most ? texts < most : time(NULL) < end; texts++) {
        size_t n = 2, wanted = chosen(600);
        data[0] = (uint8_t)chosen(256);
        data[1] = (uint8_t)chosen(256);
        while (n < wanted) {
            const char *word = words[chosen(n_words)];
            memcpy(data + n, word, strlen(word));
            n += strlen(word);
            if (chosen(3) == 0)
                data[n++] = (uint8_t)" \n-.'\\\"{}:,\x80\xC3\xE2"[chosen(14)];
            if (chosen(60) == 0)
                data[n++] = (uint8_t)chosen(256);
        }
        LLVMFuzzerTestOneInput(data, n);
    }
    printf("%llu texts, all searches agree, digest %016llx\n", texts, (unsigned long long)digest);
    return 0;
}
#endif
