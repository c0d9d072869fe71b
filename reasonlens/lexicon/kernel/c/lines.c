/* JSON lines without a JSON library: the one field that is counted is unescaped into a buffer, and the rest of the
   line is only checked. Whatever is not plain JSON, or rare, is left to a general reader: keys with escapes or
   given twice, halves of surrogate pairs, deep nesting, bytes that are no UTF-8. */

#include "lines.h"

enum { DEEPEST = 64 };

typedef struct {
    const uint8_t *at, *end;
    const passes *passes;
} cursor;

/* ---- strings ---- */

INLINE int hex4(const uint8_t *p, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t c = p[i], small = c | 32;
        if (c - '0' < 10)
            c -= '0';
        else if (small - 'a' < 6)
            c = small - 'a' + 10;
        else
            return 0;
        *value = *value << 4 | c;
    }
    return 1;
}

/* Read the four digits of \u at `at`, and those of a second half; return how many bytes were read, 0 if it is
   nothing that can be written in UTF-8. */
static int read_unicode(const cursor *c, uint32_t *code)
{
    uint32_t low;
    if (c->end - c->at < 4 || !hex4(c->at, code))
        return 0;
    if (*code < 0xD800 || *code > 0xDFFF)
        return 4;
    if (*code > 0xDBFF || c->end - c->at < 10 || c->at[4] != '\\' || c->at[5] != 'u' || !hex4(c->at + 6, &low) ||
        low < 0xDC00 || low > 0xDFFF)
        return 0;
    *code = 0x10000 + ((*code & 0x3FF) << 10) + (low & 0x3FF);
    return 10;
}

/* What an escape of one letter stands for; 0: it is none. */
INLINE uint8_t escaped(uint8_t letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    default:
        return 0;
    }
}

/* Read an escape, from its backslash; return the end of what was written, or NULL. */
INLINE uint8_t *read_escape(cursor *c, uint8_t *to)
{
    uint32_t code;
    if (c->end - c->at < 2)
        return NULL;
    uint8_t letter = c->at[1];
    c->at += 2;
    if (letter == 'u') {
        int n = read_unicode(c, &code);
        if (!n)
            return NULL;
        c->at += n;
        return to + encode(code, to);
    }
    *to = escaped(letter);
    return *to ? to + 1 : NULL;
}

/* Unescape a string from after its first quote to after its last; return the end of the result, or NULL.
   The result is never longer than the string, but up to 64 bytes after it are overwritten, and its high bytes may
   be no UTF-8: whoever searches it finds out. */
static uint8_t *read_string(cursor *c, uint8_t *to)
{
    for (;;) {
        to = c->passes->unescape(&c->at, c->end, to);
        if (c->at == c->end || *c->at < 32)
            return NULL;
        if (*c->at == '"') {
            c->at++;
            return to;
        }
        if (*c->at == '\\') {
            to = read_escape(c, to);
            if (!to)
                return NULL;
            continue;
        }
        *to++ = *c->at++;
    }
}

/* As read_string, without the result. */
static int skip_string(cursor *c)
{
    uint8_t nowhere[4];
    for (;;) {
        c->passes->pass_over(&c->at, c->end);
        if (c->at == c->end || *c->at < 32)
            return 0;
        if (*c->at == '"') {
            c->at++;
            return 1;
        }
        if (*c->at == '\\') {
            if (!read_escape(c, nowhere))
                return 0;
            continue;
        }
        uint32_t code;
        int n = decode(c->at, (size_t)(c->end - c->at), &code);
        if (!n)
            return 0;
        c->at += n;
    }
}

/* ---- other values ---- */

INLINE void skip_space(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r'))
        c->at++;
}

INLINE int take(cursor *c, uint8_t wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return 0;
    c->at++;
    return 1;
}

INLINE int digits(cursor *c)
{
    const uint8_t *from = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        c->at++;
    return c->at > from;
}

/* A number that may be too large for a double is left to the general reader, which may refuse it. */
static int skip_number(cursor *c)
{
    const uint8_t *from = c->at;
    take(c, '-');
    if (!take(c, '0') && !digits(c))
        return 0;
    if (take(c, '.') && !digits(c))
        return 0;
    if (c->at - from > 200)
        return 0;
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            take(c, '-');
        from = c->at;
        return digits(c) && c->at - from < 3;
    }
    return 1;
}

static int skip_name(cursor *c, const char *name)
{
    size_t n = strlen(name);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, name, n))
        return 0;
    c->at += n;
    return 1;
}

static int skip_value(cursor *c, int depth);

static int skip_members(cursor *c, int depth, uint8_t close)
{
    skip_space(c);
    if (take(c, close))
        return 1;
    for (;;) {
        skip_space(c);
        if (close == '}') {
            if (!take(c, '"') || !skip_string(c))
                return 0;
            skip_space(c);
            if (!take(c, ':'))
                return 0;
        }
        if (!skip_value(c, depth))
            return 0;
        skip_space(c);
        if (take(c, close))
            return 1;
        if (!take(c, ','))
            return 0;
    }
}

static int skip_value(cursor *c, int depth)
{
    skip_space(c);
    if (depth == DEEPEST || c->at == c->end)
        return 0;
    switch (*c->at) {
    case '"':
        c->at++;
        return skip_string(c);
    case '{':
        c->at++;
        return skip_members(c, depth + 1, '}');
    case '[':
        c->at++;
        return skip_members(c, depth + 1, ']');
    case 't':
        return skip_name(c, "true");
    case 'f':
        return skip_name(c, "false");
    case 'n':
        return skip_name(c, "null");
    default:
        return skip_number(c);
    }
}

/* ---- the line ---- */

/* Read a key from after its first quote; 1: it is the field, 0: it is another, -1: unusual. */
static int read_key(cursor *c, const uint8_t *field, size_t n)
{
    const uint8_t *from = c->at;
    if (!skip_string(c))
        return -1;
    size_t size = (size_t)(c->at - from) - 1;
    if (memchr(from, '\\', size))
        return -1;
    return size == n && !memcmp(from, field, n);
}

static int read_field(cursor *c, line_text *out)
{
    skip_space(c);
    if (take(c, '"')) {
        const uint8_t *end = read_string(c, out->text);
        out->n = end ? (size_t)(end - out->text) : 0;
        return end != NULL;
    }
    out->n = 0;
    return skip_name(c, "null");
}

int read_line(const passes *p, const uint8_t *line, size_t n, const uint8_t *field, size_t field_n, line_text *out)
{
    cursor c = {line, line + n, p};
    int found = 0;
    out->n = 0;
    skip_space(&c);
    if (!take(&c, '{'))
        return LINE_UNUSUAL;
    skip_space(&c);
    int empty = take(&c, '}');
    while (!empty) {
        skip_space(&c);
        int is_field = take(&c, '"') ? read_key(&c, field, field_n) : -1;
        skip_space(&c);
        if (is_field < 0 || (is_field && found) || !take(&c, ':'))
            return LINE_UNUSUAL;
        if (!(is_field ? read_field(&c, out) : skip_value(&c, 1)))
            return LINE_UNUSUAL;
        found |= is_field;
        skip_space(&c);
        if (take(&c, '}'))
            break;
        if (!take(&c, ','))
            return LINE_UNUSUAL;
    }
    skip_space(&c);
    if (c.at != c.end && *c.at != '\n')
        return LINE_UNUSUAL;
    out->line = (size_t)(c.at - line);
    return found ? LINE_TEXT : LINE_WITHOUT;
}
