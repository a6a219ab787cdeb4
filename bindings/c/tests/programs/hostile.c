/* B01: NULL everywhere, numbers that are no enum, random bytes. hostile CONNECTION_REQUEST (JSON file) */
#include "check.h"

static uint64_t state = 88172645463325252U;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static void null_errors(void) {
  CHECK(kr_error_code(NULL) == 0 && kr_error_name(NULL) == NULL && kr_error_message(NULL) == NULL);
  CHECK(kr_error_message_bytes(NULL, NULL) == NULL && !kr_error_retryable(NULL) && kr_error_field(NULL) == NULL);
  CHECK(kr_error_server_text(NULL) == NULL && kr_error_server_text_bytes(NULL, NULL) == NULL);
  CHECK(kr_error_source(NULL) == NULL && kr_string_data(NULL, NULL) == NULL);
  kr_error_free(NULL);
  kr_string_free(NULL);
}

static void null_managers(void) {
  uint8_t byte = 0;
  kr_token_manager *manager;
  FAILS(kr_token_manager_new(NULL, 5, KR_FORMAT_JSON, &manager), "argument-invalid");
  FAILS(kr_token_manager_new(&byte, 0, KR_FORMAT_JSON, NULL), "argument-invalid");
  FAILS(kr_token_manager_new(&byte, SIZE_MAX, KR_FORMAT_JSON, &manager), "argument-invalid");
  FAILS(kr_token_manager_start(NULL), "argument-invalid");
  FAILS(kr_token_manager_token(NULL, NULL, 0, NULL), "argument-invalid");
  FAILS(kr_token_manager_credential(NULL, NULL), "argument-invalid");
  FAILS(kr_token_manager_refresh(NULL), "argument-invalid");
  FAILS(kr_token_manager_reject(NULL, 1), "argument-invalid");
  FAILS(kr_token_manager_accept(NULL, 1), "argument-invalid");
  FAILS(kr_token_manager_status_json(NULL, NULL), "argument-invalid");
  FAILS(kr_token_manager_fd(NULL, NULL), "argument-invalid");
  OK(kr_token_manager_close(NULL));
  kr_token_manager_free(NULL);
  CHECK(kr_credential_user(NULL, NULL) == NULL && kr_credential_secret(NULL, NULL) == NULL);
  CHECK(kr_credential_issued_at(NULL) == 0 && kr_credential_expires_at(NULL) == 0);
  CHECK(kr_credential_generation(NULL) == 0);
  kr_credential_free(NULL);
}

static void null_clients(void) {
  kr_client *client;
  kr_string *string;
  FAILS(kr_client_connect(NULL, 5, KR_FORMAT_PROTOBUF, &client), "argument-invalid");
  FAILS(kr_client_connect(NULL, 0, KR_FORMAT_PROTOBUF, NULL), "argument-invalid");
  FAILS(kr_client_execute(NULL, 0, NULL, NULL, NULL), "argument-invalid");
  FAILS(kr_client_execute_batch(NULL, NULL, NULL), "argument-invalid");
  FAILS(kr_client_status_json(NULL, &string), "argument-invalid");
  FAILS(kr_client_stats(NULL, NULL), "argument-invalid");
  OK(kr_client_close(NULL));
  kr_client_free(NULL);
  FAILS(kr_batch_add(NULL, 0, NULL, NULL), "argument-invalid");
  kr_batch_free(NULL);
  FAILS(kr_connection_request_from_glide(NULL, 1, &string), "argument-invalid");
}

static void null_replies(void) {
  CHECK(kr_reply_type(NULL) == KR_TYPE_NULL && kr_reply_integer(NULL) == 0 && kr_reply_length(NULL) == 0);
  CHECK(!kr_reply_boolean(NULL) && kr_reply_string(NULL, NULL) == NULL && kr_reply_element(NULL, 0) == NULL);
  CHECK(kr_reply_double(NULL) < 1 && kr_reply_key(NULL, 0) == NULL && kr_reply_value(NULL, 0) == NULL);
  CHECK(kr_reply_error(NULL) == NULL);
  kr_reply_free(NULL);
}

static void bad_arguments(const char *path) {
  size_t len;
  uint8_t *request = read_file(path, &len);
  kr_client *client;
  for (int64_t number = -2; number < 300; number++) {
    if (number < 0 || number > 1) {
      FAILS(kr_client_connect(request, len, (kr_format)number, &client), "argument-invalid");
    }
  }
  OK(kr_client_connect(request, len, KR_FORMAT_JSON, &client));
  free(request);
  kr_reply *reply;
  const char *null_argument[] = {"GET", NULL};
  const size_t lens[] = {3, 5};
  FAILS(kr_client_execute(client, 2, null_argument, NULL, &reply), "argument-invalid");
  FAILS(kr_client_execute(client, 2, null_argument, lens, &reply), "argument-invalid");
  FAILS(kr_client_execute(client, 2, NULL, NULL, &reply), "argument-invalid");
  FAILS(kr_client_execute(client, 0, NULL, NULL, &reply), "argument-invalid");
  FAILS(kr_client_execute(client, 1, null_argument, NULL, NULL), "argument-invalid");
  FAILS(kr_client_execute_batch(client, NULL, &reply), "argument-invalid");
  kr_stats stats = {0};
  FAILS(kr_client_stats(client, &stats), "argument-invalid");
  FAILS(kr_client_stats(client, NULL), "argument-invalid");
  /* A caller that was compiled against a smaller struct, and one against a larger. */
  struct {
    kr_stats stats;
    uint64_t after[2];
  } larger = {{.size = sizeof larger}, {7, 7}};
  OK(kr_client_stats(client, &larger.stats));
  CHECK(larger.stats.size == sizeof larger && larger.after[0] == 7 && larger.after[1] == 7);
  kr_stats smaller = {.size = offsetof(kr_stats, failures), .failures = 7, .in_flight = 7};
  OK(kr_client_stats(client, &smaller));
  CHECK(smaller.failures == 7 && smaller.in_flight == 7);
  kr_client_free(client);
}

/* Random bytes, and a good request with some bytes of it changed. Success is fine, a crash is not. */
static void random_requests(const char *path) {
  size_t len;
  uint8_t *good = read_file(path, &len);
  uint8_t bytes[4096];
  for (int round = 0; round < 20000; round++) {
    size_t count = next() % 200;
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)next();
    if (round % 2 == 1 && len < sizeof bytes) {
      memcpy(bytes, good, len);
      count = next() % (len + 1);
      for (int change = 0; count > 0 && change < 3; change++) bytes[next() % count] = (uint8_t)next();
    }
    kr_format format = round % 4 < 2 ? KR_FORMAT_JSON : KR_FORMAT_PROTOBUF;
    kr_token_manager *manager = NULL;
    kr_error *error = kr_token_manager_new(bytes, count, format, &manager);
    CHECK((error == NULL) == (manager != NULL));
    CHECK(error == NULL || strncmp(kr_error_name(error), "config-", 7) == 0);
    kr_error_free(error);
    kr_token_manager_free(manager);
    kr_string *string = NULL;
    error = kr_connection_request_from_glide(bytes, count, &string);
    CHECK((error == NULL) == (string != NULL));
    kr_error_free(error);
    kr_string_free(string);
  }
  free(good);
}

/* The same for clients; what is valid by chance finds nobody at its address. */
static void random_connections(void) {
  uint8_t bytes[64];
  for (int round = 0; round < 2000; round++) {
    size_t count = next() % sizeof bytes;
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)next();
    kr_client *client = NULL;
    kr_error *error = kr_client_connect(bytes, count, round % 2 == 0 ? KR_FORMAT_JSON : KR_FORMAT_PROTOBUF, &client);
    CHECK(error != NULL && client == NULL && kr_error_code(error) != KR_CODE_INTERNAL);
    kr_error_free(error);
  }
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  null_errors();
  null_managers();
  null_clients();
  null_replies();
  bad_arguments(argv[2]);
  random_requests(argv[1]);
  random_connections();
  return 0;
}
