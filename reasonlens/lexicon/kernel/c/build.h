/* Tables of Python (reasonlens/lexicon/kernel/tables.py) to a machine. */

#ifndef REASONLENS_BUILD_H
#define REASONLENS_BUILD_H

#include "kernel.h"

typedef struct {
    const void *data;
    size_t n; /* bytes */
} table_in;

/* The tables of a machine, in the order in which Python hands them over; all are uint32 but the bytes. */
enum {
    IN_SETTINGS, /* sensitive, skip_commands, number of words, of phrase nodes */
    IN_WORD_STARTS, IN_WORD_BYTES, IN_WORD_CODES,
    IN_PREFIX_STARTS, IN_PREFIX_BYTES, IN_PREFIX_CODES,
    IN_SINGLES, IN_SINGLES_VALUES,
    IN_OPENERS, IN_OPENERS_VALUES,
    IN_CHECKED, IN_CHECKED_VALUES,
    IN_INNER, IN_INNER_VALUES,
    IN_EDGES, /* node, word, gap, next; sorted */
    IN_ENDS, IN_ENDS_VALUES,
    IN_LITERAL_ENDS, IN_LITERAL_ENDS_VALUES,
    IN_LITERAL_ENTRY, IN_LITERAL_KIND,
    IN_HEADS, IN_HEADS_VALUES,
    IN_TAILS, IN_TAILS_VALUES,
    IN_GAP_STARTS, IN_GAP_BYTES,
    N_TABLES
};

/* Return what is wrong, or NULL. */
const char *build_machine(machine *m, const program *p, const table_in in[N_TABLES]);
const char *build_pairs(machine *m, const program *p);
const char *check_characters(const chars *table);
void free_machine(machine *m);

#endif
