/* One line of JSON to the text of one of its fields. */

#ifndef REASONLENS_LINES_H
#define REASONLENS_LINES_H

#include "kernel.h"

/* What a line is. */
enum { LINE_TEXT = 0, LINE_UNUSUAL = 1, LINE_WITHOUT = 2 };

typedef struct {
    uint8_t *text;   /* unescaped, with PAD bytes after it */
    size_t n, room;
    size_t line;     /* bytes of the line, without its line feed; not if it is unusual */
} line_text;

/* Read the first line of `n` bytes. LINE_TEXT: `out` has the field (empty if it is null). LINE_WITHOUT: an object without the field.
   LINE_UNUSUAL: not a valid object, or one with something rare; a general reader has to look, also if the text turns
   out to be no UTF-8. `out` must have room for `n` bytes and twice PAD. */
int read_line(const passes *p, const uint8_t *line, size_t n, const uint8_t *field, size_t field_n, line_text *out);

#endif
