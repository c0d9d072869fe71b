/* Lines of JSON to counts, in as many pieces as they come. */

#ifndef REASONLENS_COUNTER_H
#define REASONLENS_COUNTER_H

#include "lines.h"

typedef struct {                       /* entries with their numbers, of one row after another */
    int32_t *entries, *numbers;
    size_t n, room;
} pairs;

status add_pairs(pairs *to, scanner *r); /* all that the last text has; the scanner forgets it */

typedef struct {
    scanner r;
    uint8_t *field;
    size_t field_n;
    line_text text;
    status failed;
    /* of all lines since the last reset that are not blank */
    size_t n, room;
    int64_t *numbers, *n_chars, *n_words, *ends; /* `numbers` counts all lines from 0, `ends` counts pairs */
    uint8_t *kinds;
    pairs found;
    int64_t n_all;                     /* lines, blank or not */
    /* of the last piece: where lines start and end that a general reader has to look at */
    size_t *others, n_others, room_others;
} counter;

status counter_new(counter *c, const program *p, const uint8_t *field, size_t field_n);
void counter_free(counter *c);
void counter_add(counter *c, const uint8_t *lines, size_t n); /* whole lines; the last feed may be missing */
void counter_reset(counter *c);

#endif
