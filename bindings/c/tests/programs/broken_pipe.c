/*
 * A connection that breaks under load does not end the program: it has the default action for SIGPIPE, as a
 * program has that never heard of it. Prints `ready`, runs until stdin ends. broken_pipe - CONNECTION_REQUEST
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>

enum { THREADS = 4 };

static kr_client *client;
static int over;
static long done;

static void *use(void *unused) {
  (void)unused;
  while (!__atomic_load_n(&over, __ATOMIC_SEQ_CST)) {
    kr_reply *reply = NULL;
    kr_error *error = kr_client_execute(client, 1, (const char *[]){"PING"}, NULL, &reply);
    if (error == NULL) __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
    kr_error_free(error);
    kr_reply_free(reply);
  }
  return NULL;
}

int main(int argc, char **argv) {
  CHECK(argc == 3 && signal(SIGPIPE, SIG_DFL) != SIG_ERR);
  size_t len;
  uint8_t *request = read_file(argv[2], &len);
  OK(kr_client_connect(request, len, KR_FORMAT_JSON, &client));
  free(request);
  pthread_t started[THREADS];
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&started[i], NULL, use, NULL) == 0);
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF) continue;
  __atomic_store_n(&over, 1, __ATOMIC_SEQ_CST);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(started[i], NULL) == 0);
  kr_stats stats = {.size = sizeof stats};
  OK(kr_client_stats(client, &stats));
  printf("%ld commands, %llu reconnects\n", done, (unsigned long long)stats.reconnects);
  CHECK(done > 0 && stats.reconnects > 0);
  kr_client_free(client);
  return 0;
}
