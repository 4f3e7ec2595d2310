#include "protocol/oneline.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "protocol/utf8.h"

static const char ellipsis[] = "\xE2\x80\xA6";

static bool is_blank_or_control(uint32_t c)
{
    return c <= 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0x2028 || c == 0x2029;
}

/* Directional formatting (Unicode 15, section 23.2) makes a line read other than it is. */
static bool is_reordering(uint32_t c)
{
    return c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void oneline_copy(char *out, size_t size, const char *text, size_t length)
{
    size_t used = 0;
    size_t cut = 0; /* where the ellipsis goes if the text proves too long */
    bool blank = false;

    for (size_t i = 0; i < length;) {
        uint32_t c;
        char bytes[5] = " ";

        i += utf8_decode(text + i, length - i, &c);
        if (is_blank_or_control(c) || is_reordering(c)) {
            blank = blank || !is_reordering(c);
            continue;
        }
        size_t lead = blank && used > 0 ? 1 : 0;
        size_t count = lead + utf8_encode(c, bytes + lead);
        if (used + count >= size) {
            memcpy(out + cut, ellipsis, sizeof ellipsis);
            return;
        }
        memcpy(out + used, bytes, count);
        used += count;
        if (used + sizeof ellipsis <= size) {
            cut = used;
        }
        blank = false;
    }
    out[used] = '\0';
}
