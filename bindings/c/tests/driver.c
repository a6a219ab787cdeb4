/*
 * Makes the calls that a test asks for, one line each: a name, then arguments in hexadecimal behind an x.
 *
 * Answers with one line: `ok` and a value, or `error` and its attributes. Values are words: n, i42, d0.5, b1,
 * x68656c6c6f, a2 with 2 values behind it, m1 with a key and a value, e with an error's attributes.
 */
#include <keyrotor.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 256 };

static kr_client *client;
static kr_token_manager *manager;

static void hex(const char *bytes, size_t len) {
  putchar('x');
  for (size_t i = 0; i < len; i++) printf("%02x", (unsigned char)bytes[i]);
}

static void optional(const char *name, const char *text, size_t len) {
  printf(" %s=", name);
  if (text == NULL) {
    putchar('-');
  } else {
    hex(text, len);
  }
}

static void shown(const char *name, const char *text) { optional(name, text, text == NULL ? 0 : strlen(text)); }

static void attributes(const kr_error *error) {
  printf(" code=%" PRId32 " retryable=%d", kr_error_code(error), kr_error_retryable(error));
  shown("name", kr_error_name(error));
  shown("message", kr_error_message(error));
  shown("field", kr_error_field(error));
  shown("source", kr_error_source(error));
  size_t len = 0;
  const char *exact = kr_error_server_text_bytes(error, &len);
  optional("server_text", exact, len);
}

static void value(const kr_reply *reply) {
  size_t len = kr_reply_length(reply);
  putchar(' ');
  switch (kr_reply_type(reply)) {
  case KR_TYPE_NULL: putchar('n'); break;
  case KR_TYPE_INTEGER: printf("i%" PRId64, kr_reply_integer(reply)); break;
  case KR_TYPE_DOUBLE: printf("d%.17g", kr_reply_double(reply)); break;
  case KR_TYPE_BOOLEAN: printf("b%d", kr_reply_boolean(reply)); break;
  case KR_TYPE_STRING: hex(kr_reply_string(reply, NULL), len); break;
  case KR_TYPE_ARRAY:
  case KR_TYPE_SET:
    printf("a%zu", len);
    for (size_t i = 0; i < len; i++) value(kr_reply_element(reply, i));
    break;
  case KR_TYPE_MAP:
    printf("m%zu", len);
    for (size_t i = 0; i < len; i++) {
      value(kr_reply_key(reply, i));
      value(kr_reply_value(reply, i));
    }
    break;
  case KR_TYPE_ERROR:
    putchar('e');
    attributes(kr_reply_error(reply));
    break;
  }
}

/* Ends the line: with the error, which it frees, or with what was printed behind the ok. */
static void settle_reply(kr_error *error, kr_reply *reply) {
  if (error != NULL) {
    printf("error");
    attributes(error);
    kr_error_free(error);
  } else {
    printf("ok");
    value(reply);
    kr_reply_free(reply);
  }
}

static void settle(kr_error *error) { settle_reply(error, NULL); }

static void settle_string(kr_error *error, kr_string *string) {
  if (error != NULL) {
    settle(error);
    return;
  }
  size_t len;
  const char *data = kr_string_data(string, &len);
  printf("ok ");
  hex(data, len);
  kr_string_free(string);
}

static void token(void) {
  size_t len = 0;
  kr_error *error = kr_token_manager_token(manager, NULL, 0, &len);
  if (len == 0) {
    settle(error);
    return;
  }
  kr_error_free(error);
  char *buf = malloc(len + 1);
  error = kr_token_manager_token(manager, buf, len + 1, &len);
  if (error != NULL) {
    settle(error);
  } else {
    printf("ok ");
    hex(buf, len);
  }
  free(buf);
}

static void connect(const char *request, size_t len, kr_format format) {
  kr_client_free(client);
  client = NULL;
  settle(kr_client_connect((const uint8_t *)request, len, format, &client));
}

static void make(const char *request, size_t len, kr_format format) {
  kr_token_manager_free(manager);
  manager = NULL;
  settle(kr_token_manager_new((const uint8_t *)request, len, format, &manager));
}

static void perform(const char *name, size_t argc, const char *const *argv, const size_t *lens) {
  kr_reply *reply = NULL;
  kr_string *string = NULL;
  const uint8_t *bytes = (const uint8_t *)argv[0];
  if (strcmp(name, "connect") == 0) {
    connect(argv[0], lens[0], KR_FORMAT_JSON);
  } else if (strcmp(name, "connect-protobuf") == 0) {
    connect(argv[0], lens[0], KR_FORMAT_PROTOBUF);
  } else if (strcmp(name, "manager") == 0) {
    make(argv[0], lens[0], KR_FORMAT_JSON);
  } else if (strcmp(name, "manager-protobuf") == 0) {
    make(argv[0], lens[0], KR_FORMAT_PROTOBUF);
  } else if (strcmp(name, "execute") == 0) {
    kr_error *error = kr_client_execute(client, argc, argv, lens, &reply);
    settle_reply(error, reply);
  } else if (strcmp(name, "token") == 0) {
    token();
  } else if (strcmp(name, "status") == 0) {
    kr_error *error = kr_client_status_json(client, &string);
    settle_string(error, string);
  } else if (strcmp(name, "manager-status") == 0) {
    kr_error *error = kr_token_manager_status_json(manager, &string);
    settle_string(error, string);
  } else if (strcmp(name, "glide") == 0) {
    kr_error *error = kr_connection_request_from_glide(bytes, lens[0], &string);
    settle_string(error, string);
  } else if (strcmp(name, "close") == 0) {
    settle(kr_client_close(client));
  } else {
    fprintf(stderr, "unknown command %s\n", name);
    exit(2);
  }
}

/* Decodes in place. */
static size_t unhex(char *word) {
  size_t len = 0;
  for (const char *from = word + 1; *from != '\0'; from += 2) {
    char pair[3] = {from[0], from[1], '\0'};
    word[len++] = (char)strtoul(pair, NULL, 16);
  }
  word[len] = '\0';
  return len;
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) > 0) {
    const char *argv[MOST] = {0};
    size_t lens[MOST] = {0};
    size_t argc = 0;
    const char *name = strtok(line, " \n");
    for (char *word; argc < MOST && (word = strtok(NULL, " \n")) != NULL; argc++) {
      lens[argc] = unhex(word);
      argv[argc] = word;
    }
    perform(name, argc, argv, lens);
    putchar('\n');
    fflush(stdout);
  }
  free(line);
  kr_client_free(client);
  kr_token_manager_free(manager);
  return 0;
}
