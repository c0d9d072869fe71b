/* The counting kernel: one text in, the entries that it has out. docs/kernel.md explains the passes.

   Every pass works on a stretch of a text, small enough for the processor's nearest caches:

     classify.c   bytes        -> masks of 64 bytes: letters, digits, apostrophes, ...
     unicode.c    other bytes  -> the same masks, from the package's table of characters
     tokens.c     masks        -> starts and ends of tokens, number of words
     lookup.c     tokens       -> codes: which words of the entries a token is
     phrases.c    codes        -> hits: leftmost and longest within each category
     pairs.c      two words    -> the same, worked out beforehand
     scan.c       a row        -> stretches, and the results of all of them
     lines.c      JSON lines   -> text
     unescape.c   JSON strings -> text
     counter.c    pieces       -> rows, of lines that come in pieces
     passes.c     which instructions the passes use on this processor
     build.c      tables       -> machine
     module.c     Python       -> all of this

   Nothing here allocates per token, and nothing reads outside of what it was given. */

#ifndef REASONLENS_KERNEL_H
#define REASONLENS_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if !defined(__GNUC__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the kernel needs GCC or Clang and a little-endian machine; the NumPy engine needs neither"
#endif

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define INLINE static inline __attribute__((always_inline))

enum { PAD = 64 };             /* bytes that may be read after a stretch */
enum { N_CODE_POINTS = 0x110000 };
enum { CURLY = 0x2019 };

/* Classes of characters, numbered as in reasonlens/text/words.py. */
enum { OTHER, LETTER, MARK, NUMBER, UNDERSCORE, SPACELESS, APOSTROPHE, SPACE };

/* What a pass can end with. */
typedef enum { FINE = 0, NO_MEMORY = -1, NOT_UTF8 = -2, TOO_LONG = -3, NOT_PLAIN = -4 } status;

typedef struct {
    const uint8_t *kind;   /* [N_CODE_POINTS] class */
    const uint32_t *lower; /* [N_CODE_POINTS] lower case, one character for one */
} chars;

/* ---- masks: bit i of a block is byte i of 64 bytes ---- */

typedef struct {
    uint64_t core;      /* letters, numbers, underscore */
    uint64_t letter;    /* letters of scripts with spaces */
    uint64_t quote;     /* ' */
    uint64_t backslash;
    uint64_t high;      /* bytes of characters that are not ASCII */
} block;

typedef struct {        /* only where a stretch has high bytes */
    uint64_t mark;
    uint64_t joint;     /* the bytes of a curly apostrophe that joins two letters */
    uint64_t single;    /* first byte of a letter that is a token of its own */
    uint64_t single_end;
    uint64_t single_word; /* as single, for those that are words */
    uint64_t tail;      /* all bytes of a character but the first */
} high_block;

typedef struct {
    size_t room;           /* blocks that fit */
    block *blocks;
    high_block *high;
    uint64_t *words;       /* one bit in each word: to count them */
    uint32_t *starts;      /* of tokens, in bytes from the start of the stretch */
    uint32_t *ends;
    uint32_t *codes;
    uint32_t *heads;       /* first 4 bytes of tokens, folded */
    uint32_t *marked;      /* lists of tokens to look at again */
    uint32_t *found;       /* another list of tokens, or codes */
    uint8_t *copy;         /* of a stretch at the very end of the data */
    size_t n_blocks, n_tokens;
    int has_high;
} stretch;

status unicode_masks(const chars *table, const uint8_t *text, size_t n, int drop, int after_backslash,
                     stretch *s);

/* What to leave out of the tokens: entries have nothing like them, and tokens of other kinds stay neighbors
   only in the sense that no gap of an entry is what then stands between them. */
enum { DROP_COMMANDS = 1, DROP_NUMBERS = 2 };

/* ---- characters ---- */

/* Read one character; return its number of bytes, 0 if it is no valid UTF-8. */
INLINE int decode(const uint8_t *p, size_t left, uint32_t *code)
{
    uint32_t a = p[0];
    if (a < 0x80) {
        *code = a;
        return 1;
    }
    if (a < 0xC2 || left < 2 || (p[1] & 0xC0) != 0x80)
        return 0;
    if (a < 0xE0) {
        *code = (a & 31) << 6 | (p[1] & 63);
        return 2;
    }
    if (left < 3 || (p[2] & 0xC0) != 0x80)
        return 0;
    if (a < 0xF0) {
        *code = (a & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
        return *code >= 0x800 && (*code < 0xD800 || *code > 0xDFFF) ? 3 : 0;
    }
    if (a > 0xF4 || left < 4 || (p[3] & 0xC0) != 0x80)
        return 0;
    *code = (a & 7) << 18 | (uint32_t)(p[1] & 63) << 12 | (uint32_t)(p[2] & 63) << 6 | (p[3] & 63);
    return *code >= 0x10000 && *code < N_CODE_POINTS ? 4 : 0;
}

/* Write one character; return its number of bytes. */
INLINE int encode(uint32_t code, uint8_t *p)
{
    if (code < 0x80) {
        p[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        p[0] = (uint8_t)(0xC0 | code >> 6);
        p[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        p[0] = (uint8_t)(0xE0 | code >> 12);
        p[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        p[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    p[0] = (uint8_t)(0xF0 | code >> 18);
    p[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    p[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    p[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

/* As characters are compared: straight apostrophes, and lower case unless case matters. */
INLINE uint32_t folded(const chars *table, int sensitive, uint32_t code)
{
    return code == CURLY ? '\'' : sensitive ? code : table->lower[code];
}

INLINE uint64_t load8(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, 8);
    return value;
}

/* ---- the compiled entries ---- */

typedef struct {           /* list i is values[starts[i]] .. values[starts[i + 1] - 1] */
    uint32_t n;
    uint32_t *starts, *values;
} lists;

typedef struct {           /* strings to their numbers */
    uint32_t mask;
    uint32_t *slots;       /* number + 1, or 0 */
    uint32_t n;
    uint32_t *starts;
    uint8_t *bytes;
    uint32_t longest;
} names;

typedef struct {
    uint64_t low;          /* the first 8 bytes of a word */
    uint64_t code;         /* 0: there is none */
} slot;

typedef struct {           /* a perfect hash: a word can be in one place only (see lookup.c) */
    uint64_t times_low, times_high;
    int bucket_shift;
    uint32_t mask;         /* of places: bytes from the first slot */
    uint32_t *shifts;
    slot *slots;
    uint64_t *high;        /* the next 8 bytes of the word of each slot */
} perfect;

typedef struct {
    uint32_t node, word, gap, next; /* next 0: free */
} edge;

typedef struct {           /* two codes with a space between */
    uint32_t first, second;
    uint32_t code;         /* what they are together: number of a list of entries; 0: free */
    uint64_t follow;       /* next tokens that may make it a longer phrase, as for codes */
} pair;

typedef struct {           /* node of the trie of prefixes: edges are bytes, sorted */
    uint32_t first, n, code;
} prefix_node;

typedef struct {
    int sensitive, skip_commands;
    int has_numbers;       /* a word starts with a number or an underscore */
    uint64_t fold;         /* or-ed to 8 ASCII bytes of a token: makes letters small */

    perfect short_words;   /* of at most 8 bytes, all ASCII */
    perfect long_words;    /* of at most 16 */
    names words;           /* the others; number i has the code word_codes[i] */
    uint32_t *word_codes;

    /* prefixes */
    uint32_t n_prefixes, n_trie;
    uint8_t *filter;       /* [FILTER] 1 for the first 3 bytes of a prefix, see filter_index */
    uint32_t second[32], third[32]; /* for a first letter: bits of what comes second, and third, in a prefix */
    prefix_node *trie;
    uint8_t *trie_bytes;
    uint32_t *trie_next;
    uint32_t longest;      /* word or prefix, in bytes */

    /* what a code means; codes are ordered by it, see build_classes in build.c */
    uint32_t n_codes;
    uint32_t n_acting;     /* codes from 1 to this one are hits or start phrases; others only go on in one */
    uint32_t first_silent, n_silent;   /* of those, codes that are no hit by themselves */
    uint32_t first_opening, n_opening; /* codes that may start a phrase, or have literal text to compare */
    uint32_t first_inner;  /* from here on codes go on in some phrase; 0 where that does not matter */
    uint64_t *follow;      /* which kinds of next tokens are worth a look, one bit each */
    uint8_t *kind;         /* the bit of this code when it is the next token */
    lists singles;         /* of codes, then of pairs */
    lists openers, checked, inner;

    /* phrases of two words */
    int has_pairs;
    uint32_t pair_mask;
    pair *pairs;
    lists closes;          /* of each pair: the categories that it is a hit of as a phrase */

    /* phrases */
    uint64_t *node_follow; /* as `follow`, for each node */
    uint32_t edge_mask;
    edge *edges;
    lists ends, literal_ends;
    uint32_t n_nodes;
    uint8_t *goes_on;
    uint32_t *literal_entry, *literal_kind, n_literal_ends;
    lists heads, tails;    /* code points */
    names gaps;
    uint32_t n_words;
    uint32_t most_words;   /* of a phrase */
    uint32_t stack;        /* most branches open at once */
} machine;

INLINE uint32_t is_hit(const machine *m, uint32_t code)
{
    return (code - 1 < m->n_acting) & (code - m->first_silent >= m->n_silent);
}

typedef struct {           /* how many there are */
    uint32_t hits;         /* in `found`: codes of tokens that are hits by themselves */
    uint32_t openings;     /* in `marked`: tokens that may start a phrase, before one that may go on in one */
} selected;

/* The passes that exist several times, for different instructions; all give the same results. */
typedef struct {
    const char *name;
    uint64_t (*classify)(const uint8_t *text, size_t n_blocks, block *out); /* returns the union of `high` */
    void (*find_tokens)(stretch *s, int drop, int after_backslash);
    void (*look_up)(const machine *m, const chars *table, const uint8_t *text, stretch *s, uint8_t *buffer);
    selected (*select)(const machine *m, stretch *s, size_t n_tokens);
    size_t (*count_bits)(const uint64_t *member, size_t step, size_t n); /* of the first n */
    /* Inside of a JSON string: go on from `*from` as far as it is simple. Up to 64 bytes after the result are
       overwritten; high bytes are copied without a check, or stop it. */
    uint8_t *(*unescape)(const uint8_t **from, const uint8_t *end, uint8_t *to);
    void (*pass_over)(const uint8_t **from, const uint8_t *end); /* high bytes stop it */
} passes;

const passes *passes_of(int level); /* 0: any processor; higher: more; -1: the best for this one */

#if defined(__x86_64__)
#define TARGET_1 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define TARGET_2                                                                                          \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi,bmi2,popcnt")))
#endif

typedef struct {
    chars table;
    uint32_t n_entries, n_categories;
    uint32_t *category;    /* [n_entries] */
    uint32_t *rank;        /* [n_entries] */
    uint8_t *together;     /* [n_categories] resolved elsewhere, with hits of another kind: report all */
    uint32_t n_machines;
    machine *machines;
    const passes *passes;
    int drop_numbers;      /* no entry has a word that starts with a number or underscore */
    size_t stretch;        /* bytes searched at a time */
} program;

INLINE uint32_t edge_hash(uint32_t node, uint32_t word, uint32_t gap)
{
    return (uint32_t)(((uint64_t)node << 32 ^ (uint64_t)word << 8 ^ gap) * 0x9E3779B97F4A7C15u >> 32);
}

INLINE uint32_t pair_hash(uint32_t first, uint32_t second)
{
    return (uint32_t)(((uint64_t)first << 32 | second) * 0x9E3779B97F4A7C15u >> 40);
}

/* Prefixes are looked for only in tokens whose first bytes a prefix has. */
enum { FILTER = 4096 };

INLINE uint32_t filter_index(uint64_t low)
{
    return (uint32_t)(low & 0x1F1F1F) * 0x9E3779B1u >> 20;
}

uint64_t word_hash(const uint8_t *bytes, size_t n);
uint32_t find_name(const names *n, const uint8_t *bytes, size_t size); /* number + 1, or 0 */

/* ---- results ---- */

typedef struct {
    int64_t row, start, end;           /* in characters */
    int64_t start_byte, end_byte;      /* of the row */
    int64_t entry;
} hit;

typedef struct {
    const program *p;
    int want_hits;
    stretch s;
    /* of the present row */
    const uint8_t *text;
    size_t n;
    const uint8_t *readable;           /* end of what may be read */
    size_t base;                       /* where the stretch starts */
    int64_t base_chars;
    int64_t row;
    uint64_t reach;                    /* end of the last hit of a phrase in any category */
    uint64_t *free_from;               /* [n_categories] */
    uint32_t *tally;                   /* [n_codes] of the machine at work: 0, or 1 + how many */
    uint32_t *touched, n_touched;
    uint32_t *count;                   /* [n_entries] */
    uint64_t *there;                   /* bit for each entry with a count */
    /* the best hit of each category that starts at the present token */
    uint64_t *best_start, *best_end;
    uint32_t *best_entry, *open, n_open;
    uint8_t *is_open;
    uint32_t *stack;                   /* pairs: phrase node, token */
    uint8_t *buffer;                   /* for one folded word or gap */
    /* of all rows */
    int64_t n_words, n_chars;
    hit *hits;
    size_t n_hits, room_hits;
    status failed;
} scanner;

status scanner_new(scanner *r, const program *p, int want_hits);
void scanner_free(scanner *r);
/* Count one text. The counts are in r->count for the entries marked in r->there until `forget`. */
status scan_text(scanner *r, const uint8_t *text, size_t n, const uint8_t *readable);
void forget(scanner *r);
void settle(scanner *r, const machine *m);
void match_tokens(scanner *r, const machine *m, size_t n_tokens);

#endif
