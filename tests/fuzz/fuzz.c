#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "protocol/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    char *copy = malloc(length ? length : 1);
    FUZZ_HOLDS(copy);
    if (length)
        memcpy(copy, data, length);
    fuzz_one(copy, length);
    free(copy);
    return 0;
}

void fuzz_holds_same(const struct buffer *a, const struct buffer *b)
{
    FUZZ_HOLDS(a->error == 0 && b->error == 0);
    if (a->length != b->length || memcmp(a->data, b->data, a->length) != 0)
        fprintf(stderr, "---- this\n%s\n---- is not that\n%s\n----\n", a->data, b->data);
    FUZZ_HOLDS(a->length == b->length);
    FUZZ_HOLDS(memcmp(a->data, b->data, a->length) == 0);
}

struct fuzz_input fuzz_take_piece(struct fuzz_input *input)
{
    const char *nul = input->length ? memchr(input->data, '\0', input->length) : NULL;
    struct fuzz_input piece = *input;
    if (!nul) {
        input->data += input->length;
        input->length = 0;
        return piece;
    }
    piece.length = (size_t)(nul - input->data);
    input->data += piece.length + 1;
    input->length -= piece.length + 1;
    return piece;
}

unsigned fuzz_take_byte(struct fuzz_input *input)
{
    if (!input->length)
        return 0;
    input->length--;
    return (unsigned char)*input->data++;
}

char *fuzz_string(struct fuzz_input input)
{
    char *string = strndup(input.length ? input.data : "", input.length);
    FUZZ_HOLDS(string);
    return string;
}

static uint32_t next(struct fuzz_cuts *cuts)
{
    cuts->state = cuts->state * 1664525u + 1013904223u;
    return cuts->state >> 8;
}

struct fuzz_cuts fuzz_cuts_of(const char *data, size_t length)
{
    struct fuzz_cuts cuts = {.state = (uint32_t)length};
    for (size_t i = 0; i < length && i < 256; i++)
        cuts.state = cuts.state * 31 + (unsigned char)data[i];
    return cuts;
}

size_t fuzz_cut(struct fuzz_cuts *cuts, size_t left)
{
    static const size_t sizes[] = {1, 1, 1, 2, 3, 7, 30, 400};
    size_t size = sizes[next(cuts) % (sizeof(sizes) / sizeof(sizes[0]))];
    return size < left ? size : left;
}

size_t fuzz_cut_text(struct fuzz_cuts *cuts, const char *text, size_t left)
{
    uint32_t code_point;
    size_t size = utf8_floor(text, left, fuzz_cut(cuts, left));
    return size ? size : utf8_decode(text, left, &code_point);
}
