/* B05: threads that share a client, clients that share a thread. threads MANAGER_REQUEST CONNECTION_REQUEST */
#include "check.h"

#include <pthread.h>

enum { THREADS = 8, COMMANDS = 300, CLIENTS = 20 };

static kr_client *client;
static kr_token_manager *manager;

/* Each thread counts a key of its own: a reply that belongs to another thread would show. */
static void *count(void *number) {
  char key[32], expected[32];
  snprintf(key, sizeof key, "counter-%zu", *(size_t *)number);
  for (int i = 1; i <= COMMANDS; i++) {
    kr_reply *reply;
    OK(kr_client_execute(client, 2, (const char *[]){"INCR", key}, NULL, &reply));
    CHECK(kr_reply_integer(reply) == i);
    kr_reply_free(reply);
    OK(kr_client_execute(client, 2, (const char *[]){"GET", key}, NULL, &reply));
    snprintf(expected, sizeof expected, "%d", i);
    CHECK(strcmp(kr_reply_string(reply, NULL), expected) == 0);
    kr_reply_free(reply);
    char buf[4096];
    OK(kr_token_manager_token(manager, buf, sizeof buf, NULL));
  }
  return NULL;
}

/* Runs until the client is closed under it, which is the only error it may see. */
static void *use_until_closed(void *unused) {
  (void)unused;
  for (;;) {
    kr_reply *reply;
    kr_error *error = kr_client_execute(client, 1, (const char *[]){"PING"}, NULL, &reply);
    if (error == NULL) {
      kr_reply_free(reply);
      continue;
    }
    CHECK(kr_error_code(error) == KR_CODE_CLOSED || kr_error_code(error) == KR_CODE_NETWORK_DISCONNECTED);
    bool closed = kr_error_code(error) == KR_CODE_CLOSED;
    kr_error_free(error);
    if (closed) return NULL;
  }
}

static void run(void *(*work)(void *), bool close_under_them) {
  pthread_t started[THREADS];
  size_t numbers[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    numbers[i] = i;
    CHECK(pthread_create(&started[i], NULL, work, &numbers[i]) == 0);
  }
  if (close_under_them) {
    wait_ms(200);
    OK(kr_client_close(client));
  }
  for (size_t i = 0; i < THREADS; i++) CHECK(pthread_join(started[i], NULL) == 0);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  size_t len;
  uint8_t *request = read_file(argv[1], &len);
  OK(kr_token_manager_new(request, len, KR_FORMAT_JSON, &manager));
  free(request);
  request = read_file(argv[2], &len);
  OK(kr_client_connect(request, len, KR_FORMAT_JSON, &client));
  run(count, false);
  run(use_until_closed, true);
  kr_client_free(client);
  kr_token_manager_free(manager);

  kr_client *clients[CLIENTS];
  OK(kr_client_connect(request, len, KR_FORMAT_JSON, &clients[0]));
  int with_one = threads();
  for (int i = 1; i < CLIENTS; i++) OK(kr_client_connect(request, len, KR_FORMAT_JSON, &clients[i]));
  printf("threads: %d with one client, %d with %d\n", with_one, threads(), (int)CLIENTS);
  CHECK(threads() <= with_one + 1);
  for (int i = 0; i < CLIENTS; i++) kr_client_free(clients[i]);
  free(request);
  return 0;
}
