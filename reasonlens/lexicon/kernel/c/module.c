/* Python's side: buffers in, bytes out. The GIL is released while texts are searched. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdlib.h>

#include "build.h"
#include "counter.h"

#define PROGRAM "reasonlens.lexicon.kernel.program"
#define COUNTER "reasonlens.lexicon.kernel.counter"

/* ---- building ---- */

typedef struct {
    program p;
    Py_buffer kind, lower; /* the table of characters belongs to Python */
    int has_kind, has_lower;
} held_program;

static void free_program(held_program *held)
{
    for (uint32_t k = 0; held->p.machines && k < held->p.n_machines; k++)
        free_machine(&held->p.machines[k]);
    free(held->p.machines);
    free(held->p.category);
    free(held->p.rank);
    free(held->p.together);
    if (held->has_kind)
        PyBuffer_Release(&held->kind);
    if (held->has_lower)
        PyBuffer_Release(&held->lower);
    free(held);
}

static void drop_program(PyObject *capsule)
{
    free_program(PyCapsule_GetPointer(capsule, PROGRAM));
}

/* Build one machine of a sequence of tables; 0 with an exception set if something is wrong. */
static int add_machine(held_program *held, PyObject *tables)
{
    Py_buffer views[N_TABLES];
    table_in in[N_TABLES];
    int n = 0, good = 0;
    if (PySequence_Size(tables) != N_TABLES) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "a machine has another number of tables");
        return 0;
    }
    for (; n < N_TABLES; n++) {
        PyObject *item = PySequence_GetItem(tables, n);
        int bad = !item || PyObject_GetBuffer(item, &views[n], PyBUF_SIMPLE) < 0;
        Py_XDECREF(item);
        if (bad)
            break;
        in[n] = (table_in){views[n].len ? views[n].buf : "", (size_t)views[n].len};
    }
    if (n == N_TABLES) {
        machine *m = &held->p.machines[held->p.n_machines++];
        const char *problem = build_machine(m, &held->p, in);
        good = problem == NULL;
        held->p.drop_numbers = held->p.drop_numbers && !m->has_numbers;
        if (problem)
            PyErr_SetString(PyExc_ValueError, problem);
    }
    while (n--)
        PyBuffer_Release(&views[n]);
    return good;
}

static int add_entries(held_program *held, const Py_buffer *category, const Py_buffer *rank,
                       const Py_buffer *together)
{
    program *p = &held->p;
    p->n_entries = (uint32_t)(category->len / 4);
    p->n_categories = (uint32_t)together->len;
    p->category = malloc((size_t)category->len + 1);
    p->rank = malloc((size_t)rank->len + 1);
    p->together = malloc((size_t)together->len + 1);
    if (!p->category || !p->rank || !p->together) {
        PyErr_NoMemory();
        return 0;
    }
    if (category->len % 4 || category->len != rank->len || category->len / 4 > INT32_MAX ||
        together->len > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "the tables of entries have wrong sizes");
        return 0;
    }
    memcpy(p->category, category->buf, (size_t)category->len);
    memcpy(p->rank, rank->buf, (size_t)rank->len);
    memcpy(p->together, together->buf, (size_t)together->len);
    for (uint32_t k = 0; k < p->n_entries; k++)
        if (p->category[k] >= p->n_categories) {
            PyErr_SetString(PyExc_ValueError, "an entry is in a category that is not there");
            return 0;
        }
    return 1;
}

static PyObject *py_build(PyObject *self, PyObject *args)
{
    Py_buffer kind, lower, category, rank, together;
    PyObject *machines, *capsule = NULL;
    int level;
    Py_ssize_t stretch;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*Oin:build", &kind, &lower, &category, &rank, &together, &machines,
                          &level, &stretch))
        return NULL;
    held_program *held = calloc(1, sizeof *held);
    Py_ssize_t n = PySequence_Size(machines);
    if (!held || n < 0) {
        if (!held)
            PyErr_NoMemory();
        free(held);
        PyBuffer_Release(&kind);
        PyBuffer_Release(&lower);
    } else {
        const char *problem = "the table of characters has a wrong size";
        held->kind = kind;
        held->lower = lower;
        held->has_kind = held->has_lower = 1;
        held->p.table = (chars){kind.buf, lower.buf};
        held->p.passes = passes_of(level);
        held->p.drop_numbers = 1;
        held->p.stretch = stretch > 0 && stretch < 1 << 28 ? (size_t)stretch : 8192;
        held->p.machines = calloc((size_t)n + 1, sizeof(machine));
        if (kind.len == N_CODE_POINTS && lower.len == 4 * N_CODE_POINTS)
            problem = held->p.machines ? check_characters(&held->p.table) : "out of memory";
        int good = !problem && add_entries(held, &category, &rank, &together);
        for (Py_ssize_t k = 0; good && k < n; k++) {
            PyObject *tables = PySequence_GetItem(machines, k);
            good = tables && add_machine(held, tables);
            Py_XDECREF(tables);
        }
        if (problem)
            PyErr_SetString(PyExc_ValueError, problem);
        if (good)
            capsule = PyCapsule_New(held, PROGRAM, drop_program);
        if (!capsule)
            free_program(held);
    }
    PyBuffer_Release(&category);
    PyBuffer_Release(&rank);
    PyBuffer_Release(&together);
    return capsule;
}

/* ---- searching ---- */

/* A column of texts as Arrow keeps it. */
typedef struct {
    Py_buffer data, offsets, valid;
    Py_ssize_t first, n;
    int wide; /* offsets have 8 bytes, not 4 */
} column;

static int is_valid(const column *c, Py_ssize_t row)
{
    const uint8_t *bits = c->valid.buf;
    Py_ssize_t at = c->first + row;
    return !c->valid.len || (bits[at >> 3] >> (at & 7) & 1);
}

static int64_t offset(const column *c, Py_ssize_t at)
{
    int32_t narrow;
    int64_t value;
    if (c->wide) {
        memcpy(&value, (const char *)c->offsets.buf + 8 * at, 8);
        return value;
    }
    memcpy(&narrow, (const char *)c->offsets.buf + 4 * at, 4);
    return narrow;
}

/* Tell whether all texts lie within the data. */
static int lies_within(const column *c)
{
    Py_ssize_t width = c->wide ? 8 : 4, last = c->first + c->n;
    if (c->first < 0 || c->n < 0 || last < 0 || last >= PY_SSIZE_T_MAX / 8)
        return 0;
    if (c->n == 0)
        return 1;
    if (c->offsets.len / width < last + 1 || (c->valid.len && c->valid.len < last / 8 + (last % 8 != 0)))
        return 0;
    int64_t before = offset(c, c->first);
    if (before < 0)
        return 0;
    for (Py_ssize_t at = c->first + 1; at <= last; at++) {
        int64_t here = offset(c, at);
        if (here < before)
            return 0;
        before = here;
    }
    return before <= (int64_t)c->data.len;
}

typedef struct {
    int64_t *n_chars, *n_words, *ends; /* of each row; `ends` counts pairs */
    pairs found;
    scanner r;
    status ended;
    Py_ssize_t row; /* where it ended */
} search;

static void run_search(search *s, const column *c)
{
    const uint8_t *data = c->data.buf, *readable = data + c->data.len;
    for (s->row = 0; s->row < c->n; s->row++) {
        int64_t from = offset(c, c->first + s->row), to = offset(c, c->first + s->row + 1);
        if (!is_valid(c, s->row))
            to = from;
        if (from < 0 || to < from || to > (int64_t)c->data.len) { /* changed meanwhile */
            s->ended = TOO_LONG;
            return;
        }
        s->r.row = s->row;
        s->ended = scan_text(&s->r, data + from, (size_t)(to - from), readable);
        if (s->ended == FINE && !s->r.want_hits)
            s->ended = add_pairs(&s->found, &s->r);
        forget(&s->r);
        if (s->ended != FINE)
            return;
        s->n_chars[s->row] = s->r.n_chars;
        s->n_words[s->row] = s->r.n_words;
        s->ends[s->row] = (int64_t)s->found.n;
    }
}

static PyObject *as_bytes(const void *data, size_t n)
{
    return PyBytes_FromStringAndSize(n ? data : "", (Py_ssize_t)n);
}

/* None for texts that are not for the kernel: the other engine has the message, or the patience. */
static PyObject *outcome(search *s, size_t n_rows)
{
    if (s->ended == NO_MEMORY)
        return PyErr_NoMemory();
    if (s->ended != FINE)
        Py_RETURN_NONE;
    size_t row = n_rows * sizeof(int64_t), pair = s->found.n * sizeof(int32_t);
    PyObject *parts[5];
    Py_ssize_t n_parts = s->r.want_hits ? 3 : 5;
    parts[0] = as_bytes(s->n_chars, row);
    parts[1] = as_bytes(s->n_words, row);
    if (s->r.want_hits) {
        parts[2] = as_bytes(s->r.hits, s->r.n_hits * sizeof(hit));
    } else {
        parts[2] = as_bytes(s->ends, row);
        parts[3] = as_bytes(s->found.entries, pair);
        parts[4] = as_bytes(s->found.numbers, pair);
    }
    PyObject *all = PyTuple_New(n_parts);
    for (Py_ssize_t k = 0; k < n_parts; k++) {
        if (!parts[k])
            Py_CLEAR(all);
        if (all)
            PyTuple_SetItem(all, k, parts[k]);
        else
            Py_XDECREF(parts[k]);
    }
    return all;
}

static PyObject *searched(const program *p, const column *c, int want_hits)
{
    search s;
    size_t n = (size_t)c->n;
    PyObject *result = NULL;
    memset(&s, 0, sizeof s);
    if (!lies_within(c)) {
        PyErr_SetString(PyExc_ValueError, "the offsets of the texts reach outside of their data");
        return NULL;
    }
    s.n_chars = calloc(n + 1, sizeof(int64_t));
    s.n_words = calloc(n + 1, sizeof(int64_t));
    s.ends = calloc(n + 1, sizeof(int64_t));
    if (!s.n_chars || !s.n_words || !s.ends || scanner_new(&s.r, p, want_hits) != FINE) {
        PyErr_NoMemory();
    } else {
        PyThreadState *state = PyEval_SaveThread();
        run_search(&s, c);
        PyEval_RestoreThread(state);
        result = outcome(&s, n);
    }
    scanner_free(&s.r);
    free(s.n_chars);
    free(s.n_words);
    free(s.ends);
    free(s.found.entries);
    free(s.found.numbers);
    return result;
}

/* count(program, data, offsets, valid, first, n, wide, hits) */
static PyObject *py_search(PyObject *self, PyObject *args)
{
    PyObject *capsule, *result = NULL;
    column c;
    int want_hits;
    (void)self;
    if (!PyArg_ParseTuple(args, "Oy*y*y*nnpp:search", &capsule, &c.data, &c.offsets, &c.valid, &c.first, &c.n,
                          &c.wide, &want_hits))
        return NULL;
    const held_program *held = PyCapsule_GetPointer(capsule, PROGRAM);
    if (held)
        result = searched(&held->p, &c, want_hits);
    PyBuffer_Release(&c.data);
    PyBuffer_Release(&c.offsets);
    PyBuffer_Release(&c.valid);
    return result;
}

/* ---- JSON lines ---- */

typedef struct {
    counter c;
    PyObject *program; /* the capsule: its tables are in use */
    int busy;          /* in another thread */
} held_counter;

static void free_counter(held_counter *held)
{
    counter_free(&held->c);
    Py_XDECREF(held->program);
    free(held);
}

static void drop_counter(PyObject *capsule)
{
    free_counter(PyCapsule_GetPointer(capsule, COUNTER));
}

/* line_counter(program, field) */
static PyObject *py_line_counter(PyObject *self, PyObject *args)
{
    PyObject *program, *capsule = NULL;
    Py_buffer field;
    (void)self;
    if (!PyArg_ParseTuple(args, "Oy*:line_counter", &program, &field))
        return NULL;
    const held_program *tables = PyCapsule_GetPointer(program, PROGRAM);
    held_counter *held = tables ? calloc(1, sizeof *held) : NULL;
    if (held) {
        held->program = Py_NewRef(program);
        if (counter_new(&held->c, &tables->p, field.buf, (size_t)field.len) != FINE)
            PyErr_NoMemory();
        else
            capsule = PyCapsule_New(held, COUNTER, drop_counter);
        if (!capsule)
            free_counter(held);
    } else if (tables) {
        PyErr_NoMemory();
    }
    PyBuffer_Release(&field);
    return capsule;
}

static held_counter *counter_of(PyObject *capsule)
{
    held_counter *held = PyCapsule_GetPointer(capsule, COUNTER);
    if (held && held->busy) {
        PyErr_SetString(PyExc_ValueError, "the counter is at work in another thread");
        return NULL;
    }
    return held;
}

/* Count in a piece of whole lines; return those lines of it that a general reader has to look at. */
static PyObject *py_add_lines(PyObject *self, PyObject *args)
{
    PyObject *capsule, *others = NULL;
    Py_buffer data;
    (void)self;
    if (!PyArg_ParseTuple(args, "Oy*:add_lines", &capsule, &data))
        return NULL;
    held_counter *held = counter_of(capsule);
    if (held) {
        counter *c = &held->c;
        held->busy = 1;
        PyThreadState *state = PyEval_SaveThread();
        counter_add(c, data.buf, (size_t)data.len);
        PyEval_RestoreThread(state);
        held->busy = 0;
        others = c->failed == FINE ? PyList_New(0) : PyErr_NoMemory();
        for (size_t k = 0; others && k < c->n_others; k++) {
            size_t start = c->others[2 * k], stop = c->others[2 * k + 1];
            PyObject *line = as_bytes((const char *)data.buf + start, stop - start);
            if (!line || PyList_Append(others, line) < 0)
                Py_CLEAR(others);
            Py_XDECREF(line);
        }
    }
    PyBuffer_Release(&data);
    return others;
}

/* The rows since the last time: how many lines, then of those that are not blank their numbers and kinds, then as
   `search` for the counts. */
static PyObject *py_take_lines(PyObject *self, PyObject *capsule)
{
    (void)self;
    held_counter *held = counter_of(capsule);
    if (!held)
        return NULL;
    counter *c = &held->c;
    if (c->failed != FINE)
        return PyErr_NoMemory();
    size_t wide = c->n * sizeof(int64_t), pair = c->found.n * sizeof(int32_t);
    PyObject *rows = Py_BuildValue(
        "LNN(NNNNN)", (long long)c->n_all, as_bytes(c->numbers, wide), as_bytes(c->kinds, c->n),
        as_bytes(c->n_chars, wide), as_bytes(c->n_words, wide), as_bytes(c->ends, wide),
        as_bytes(c->found.entries, pair), as_bytes(c->found.numbers, pair));
    counter_reset(c);
    return rows;
}

/* Join stretches of `data`: what hits look like. */
static PyObject *py_slices(PyObject *self, PyObject *args)
{
    Py_buffer data, starts, ends;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*:slices", &data, &starts, &ends))
        return NULL;
    size_t n = (size_t)starts.len / 8, total = 0;
    const int64_t *start = starts.buf, *end = ends.buf;
    int good = starts.len == ends.len && starts.len % 8 == 0;
    for (size_t k = 0; good && k < n; k++) {
        good = start[k] >= 0 && start[k] <= end[k] && end[k] <= (int64_t)data.len;
        total += good ? (size_t)(end[k] - start[k]) : 0;
        good = good && total < PY_SSIZE_T_MAX / 2;
    }
    char *joined = good ? malloc(total + 1) : NULL;
    if (!good) {
        PyErr_SetString(PyExc_ValueError, "a slice reaches outside of the data");
    } else if (!joined) {
        PyErr_NoMemory();
    } else {
        size_t at = 0;
        for (size_t k = 0; k < n; k++) {
            size_t size = (size_t)(end[k] - start[k]);
            memcpy(joined + at, (const char *)data.buf + start[k], size);
            at += size;
        }
        result = as_bytes(joined, total);
    }
    free(joined);
    PyBuffer_Release(&data);
    PyBuffer_Release(&starts);
    PyBuffer_Release(&ends);
    return result;
}

static PyObject *py_instructions(PyObject *self, PyObject *args)
{
    (void)self;
    (void)args;
    return PyUnicode_FromString(passes_of(-1)->name);
}

static PyMethodDef METHODS[] = {
    {"build", py_build, METH_VARARGS, "Build a program from tables."},
    {"search", py_search, METH_VARARGS, "Search a column of texts: counts, or hits with their places."},
    {"line_counter", py_line_counter, METH_VARARGS, "Make a counter for one field of JSON lines."},
    {"add_lines", py_add_lines, METH_VARARGS, "Count in lines; return those for a general reader."},
    {"take_lines", py_take_lines, METH_O, "Return the counts of all lines since the last time."},
    {"slices", py_slices, METH_VARARGS, "Join stretches of bytes."},
    {"instructions", py_instructions, METH_NOARGS, "Return which instructions read the text here."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {{0, NULL}};

static PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_kernel", "The compiled counting engine; see docs/kernel.md.", 0, METHODS, SLOTS,
    NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModuleDef_Init(&MODULE);
}
