/* Every function, the way it is meant to be used: lifecycle MANAGER_REQUEST CONNECTION_REQUEST (JSON files). */
#include "check.h"

#include <poll.h>
#include <unistd.h>

static bool readable(int fd) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  return poll(&entry, 1, 5000) == 1;
}

/* How many bytes are there; -1 where it blocks. */
static ssize_t drained(int fd) {
  char bytes[64];
  return read(fd, bytes, sizeof bytes);
}

static void check_status(const kr_token_manager *manager, const char *part) {
  kr_string *status;
  OK(kr_token_manager_status_json(manager, &status));
  if (strstr(kr_string_data(status, NULL), part) == NULL) {
    fprintf(stderr, "%s is not in %s\n", part, kr_string_data(status, NULL));
    exit(1);
  }
  kr_string_free(status);
}

static void check_token(const kr_token_manager *manager) {
  char buf[4096];
  size_t len = 0;
  OK(kr_token_manager_token(manager, buf, sizeof buf, &len));
  CHECK(strlen(buf) == len && strstr(buf, "X-Amz-Signature=") != NULL);
  char exact[4096];
  memset(exact, 'x', sizeof exact);
  size_t needed = 0;
  FAILS(kr_token_manager_token(manager, exact, len, &needed), "argument-invalid");
  CHECK(needed == len && exact[0] == 'x');
  OK(kr_token_manager_token(manager, exact, len + 1, NULL));
  CHECK(strcmp(exact, buf) == 0 && exact[len + 1] == 'x');
}

static void check_credential(const kr_token_manager *manager, uint64_t generation) {
  kr_credential *credential;
  OK(kr_token_manager_credential(manager, &credential));
  size_t user = 0, secret = 0;
  CHECK(strcmp(kr_credential_user(credential, &user), "iam-user-01") == 0 && user == 11);
  CHECK(strlen(kr_credential_secret(credential, &secret)) == secret && secret > 200);
  CHECK(kr_credential_generation(credential) == generation);
  int64_t issued = kr_credential_issued_at(credential);
  int64_t now = (int64_t)time(NULL) * 1000;
  CHECK(issued > now - 10000 && issued < now + 2000);
  /* A token that would equal its predecessor of the same second is dated up to 2 s back. */
  int64_t life = kr_credential_expires_at(credential) - issued;
  CHECK(life > 897000 && life <= 900000);
  kr_credential_free(credential);
}

static void manage(const char *path) {
  size_t len;
  uint8_t *request = read_file(path, &len);
  kr_token_manager *manager;
  OK(kr_token_manager_new(request, len, KR_FORMAT_JSON, &manager));
  free(request);
  check_status(manager, "\"source\":\"elasticache-iam\"");
  OK(kr_token_manager_start(manager));
  check_token(manager);
  check_credential(manager, 1);
  int fd = -1, again = -1;
  OK(kr_token_manager_fd(manager, &fd));
  OK(kr_token_manager_fd(manager, &again));
  CHECK(fd >= 0 && fd == again && readable(fd) && drained(fd) == 1);
  CHECK(drained(fd) == -1);
  OK(kr_token_manager_refresh(manager));
  check_credential(manager, 2);
  CHECK(readable(fd) && drained(fd) == 1);
  OK(kr_token_manager_accept(manager, 2));
  OK(kr_token_manager_reject(manager, 2));
  CHECK(readable(fd) && drained(fd) == 1);
  check_credential(manager, 3);
  check_status(manager, "\"rejected\":\"1\"");
  OK(kr_token_manager_close(manager));
  CHECK(readable(fd) && drained(fd) == 0);
  check_status(manager, "\"CLOSED\"");
  char buf[4096];
  FAILS(kr_token_manager_token(manager, buf, sizeof buf, &len), "closed");
  FAILS(kr_token_manager_refresh(manager), "closed");
  FAILS(kr_token_manager_start(manager), "closed");
  OK(kr_token_manager_close(manager));
  kr_token_manager_free(manager);
}

static kr_reply *execute(const kr_client *client, size_t argc, const char *const *argv) {
  kr_reply *reply;
  OK(kr_client_execute(client, argc, argv, NULL, &reply));
  return reply;
}

static void check_replies(const kr_client *client) {
  const char *set[] = {"SET", "a\0b", "1\0" "2"};
  const size_t lens[] = {3, 3, 3};
  kr_reply *reply;
  OK(kr_client_execute(client, 3, set, lens, &reply));
  CHECK(kr_reply_type(reply) == KR_TYPE_STRING && strcmp(kr_reply_string(reply, NULL), "OK") == 0);
  kr_reply_free(reply);
  const char *get[] = {"GET", "a\0b"};
  OK(kr_client_execute(client, 2, get, lens, &reply));
  size_t len = 0;
  CHECK(memcmp(kr_reply_string(reply, &len), "1\0" "2", 4) == 0 && len == 3 && kr_reply_length(reply) == 3);
  CHECK(kr_reply_element(reply, 0) == NULL && kr_reply_error(reply) == NULL && kr_reply_integer(reply) == 0);
  kr_reply_free(reply);
  reply = execute(client, 4, (const char *[]){"HSET", "hash", "field", "value"});
  CHECK(kr_reply_type(reply) == KR_TYPE_INTEGER && kr_reply_integer(reply) == 1);
  kr_reply_free(reply);
  reply = execute(client, 2, (const char *[]){"HGETALL", "hash"});
  CHECK(kr_reply_type(reply) == KR_TYPE_MAP && kr_reply_length(reply) == 1);
  CHECK(strcmp(kr_reply_string(kr_reply_key(reply, 0), NULL), "field") == 0);
  CHECK(strcmp(kr_reply_string(kr_reply_value(reply, 0), NULL), "value") == 0);
  CHECK(kr_reply_key(reply, 1) == NULL && kr_reply_value(reply, 1) == NULL);
  kr_reply_free(reply);
  reply = execute(client, 3, (const char *[]){"EVAL", "redis.setresp(3); return {true, {double=0.5}, {set={x=true}}, false}", "0"});
  CHECK(kr_reply_type(reply) == KR_TYPE_ARRAY && kr_reply_length(reply) == 4);
  CHECK(kr_reply_type(kr_reply_element(reply, 0)) == KR_TYPE_BOOLEAN && kr_reply_boolean(kr_reply_element(reply, 0)));
  CHECK(kr_reply_type(kr_reply_element(reply, 1)) == KR_TYPE_DOUBLE);
  CHECK(kr_reply_double(kr_reply_element(reply, 1)) > 0.4);
  CHECK(kr_reply_type(kr_reply_element(reply, 2)) == KR_TYPE_SET && kr_reply_length(kr_reply_element(reply, 2)) == 1);
  CHECK(kr_reply_element(reply, 4) == NULL);
  kr_reply_free(reply);
}

static void check_batches(const kr_client *client) {
  for (int atomic = 0; atomic < 2; atomic++) {
    kr_batch *batch = kr_batch_new(atomic == 1);
    OK(kr_batch_add(batch, 3, (const char *[]){"SET", "text", "words"}, NULL));
    OK(kr_batch_add(batch, 2, (const char *[]){"INCR", "text"}, NULL));
    OK(kr_batch_add(batch, 2, (const char *[]){"GET", "text"}, NULL));
    FAILS(kr_batch_add(batch, 2, (const char *[]){"SUBSCRIBE", "x"}, NULL), "command-unsupported");
    for (int round = 0; round < 2; round++) {
      kr_reply *replies;
      OK(kr_client_execute_batch(client, batch, &replies));
      CHECK(kr_reply_type(replies) == KR_TYPE_ARRAY && kr_reply_length(replies) == 3);
      const kr_reply *failed = kr_reply_element(replies, 1);
      CHECK(kr_reply_type(failed) == KR_TYPE_ERROR);
      CHECK(kr_error_code(kr_reply_error(failed)) == KR_CODE_SERVER_ERROR);
      CHECK(strstr(kr_error_server_text(kr_reply_error(failed)), "not an integer") != NULL);
      CHECK(strcmp(kr_reply_string(kr_reply_element(replies, 2), NULL), "words") == 0);
      kr_reply_free(replies);
    }
    kr_batch_free(batch);
  }
}

static void connect_and_use(const char *path) {
  size_t len;
  uint8_t *request = read_file(path, &len);
  kr_client *client;
  OK(kr_client_connect(request, len, KR_FORMAT_JSON, &client));
  free(request);
  check_replies(client);
  check_batches(client);
  kr_string *status;
  OK(kr_client_status_json(client, &status));
  CHECK(strstr(kr_string_data(status, &len), "\"FRESH\"") != NULL);
  CHECK(strlen(kr_string_data(status, NULL)) == len);
  kr_string_free(status);
  kr_stats stats = {.size = sizeof stats};
  OK(kr_client_stats(client, &stats));
  CHECK(stats.commands == 17 && stats.failures == 0 && stats.in_flight == 0 && stats.reconnects == 0);
  OK(kr_client_close(client));
  kr_reply *reply;
  FAILS(kr_client_execute(client, 1, (const char *[]){"PING"}, NULL, &reply), "closed");
  OK(kr_client_close(client));
  kr_client_free(client);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  CHECK(strncmp(kr_version(), "0.", 2) == 0 && kr_abi_version() == KR_ABI_VERSION);
  manage(argv[1]);
  connect_and_use(argv[2]);
  return 0;
}
