#ifndef GRIDLS_TESTS_CONFIG_FIXTURE_H
#define GRIDLS_TESTS_CONFIG_FIXTURE_H

/* A store of settings for the tests of config*.c, and what they say of it. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"

#define GRID "https://api.thegrid.ai/v1"

/* A store, and what the last call warned of. */
struct fixture {
    struct config_store *store;
    struct buffer warnings;
    struct config *config;
    const char *const *variables; /* name, value, name, value, NULL */
};

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    buffer_init(&fixture->warnings, BUFFER_CAP);
    assert_int_equal(config_store_create(&fixture->store), 0);
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;

    config_unref(fixture->config);
    config_store_destroy(fixture->store);
    buffer_finish(&fixture->warnings);
    free(fixture);
    return 0;
}

/* The snapshot in force; lives until the next call. */
static inline const struct config *snapshot(struct fixture *fixture)
{
    config_unref(fixture->config);
    fixture->config = config_store_snapshot(fixture->store);
    assert_non_null(fixture->config);
    return fixture->config;
}

/* Sets a layer and returns the warnings. */
static inline const char *set(struct fixture *fixture, enum config_layer layer, const char *text)
{
    struct json *object CLEANUP(json_cleanup) = NULL;

    assert_int_equal(json_parse(text, strlen(text), &object), 0);
    buffer_clear(&fixture->warnings);
    assert_int_equal(config_store_set(fixture->store, layer, object, &fixture->warnings), 0);
    return fixture->warnings.data;
}

static inline void set_clean(struct fixture *fixture, enum config_layer layer, const char *text)
{
    assert_string_equal(set(fixture, layer, text), "");
}

static inline const char *lookup(void *context, const char *name)
{
    const struct fixture *fixture = context;

    for (const char *const *at = fixture->variables; *at; at += 2) {
        if (strcmp(at[0], name) == 0)
            return at[1];
    }
    return NULL;
}

static inline void set_environment(struct fixture *fixture, const char *const *variables)
{
    fixture->variables = variables;
    assert_int_equal(config_store_set_environment(fixture->store, lookup, fixture), 0);
}

#define ENVIRONMENT(fixture, ...) \
    set_environment(fixture, (const char *const[]){__VA_ARGS__, NULL})

static inline const char *printed(struct fixture *fixture)
{
    buffer_clear(&fixture->warnings);
    assert_int_equal(config_store_print(fixture->store, &fixture->warnings), 0);
    return fixture->warnings.data;
}

static inline void assert_holds(const char *text, const char *part)
{
    assert_non_null(text);
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text ? text : "");
}

static inline void assert_holds_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}

static inline bool has_string(const struct config_strings *strings, const char *string)
{
    for (size_t i = 0; i < strings->count; i++) {
        if (strcmp(strings->items[i], string) == 0)
            return true;
    }
    return false;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
