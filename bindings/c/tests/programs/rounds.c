/*
 * T18: what was made and closed has left nothing. rounds MANAGER_REQUEST CONNECTION_REQUEST (JSON files)
 * B07: nor has it made the process grow.
 */
#include "check.h"

enum { CLIENTS = 1000, MANAGERS = 10000, SETTLED = 2000, MOST_GROWTH_KIB = 1024 };

static uint8_t *request;
static size_t len;

static void manager_round(void) {
  kr_token_manager *manager;
  OK(kr_token_manager_new(request, len, KR_FORMAT_JSON, &manager));
  char buf[4096];
  size_t length;
  OK(kr_token_manager_token(manager, buf, sizeof buf, &length));
  int fd;
  OK(kr_token_manager_fd(manager, &fd));
  OK(kr_token_manager_close(manager));
  kr_token_manager_free(manager);
}

static void client_round(int round) {
  kr_client *client;
  OK(kr_client_connect(request, len, KR_FORMAT_JSON, &client));
  kr_reply *reply;
  OK(kr_client_execute(client, 1, (const char *[]){"PING"}, NULL, &reply));
  CHECK(strcmp(kr_reply_string(reply, NULL), "PONG") == 0);
  kr_reply_free(reply);
  if (round % 2 == 0) OK(kr_client_close(client));
  kr_client_free(client);
}

static long resident_kib(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file != NULL);
  long size, resident;
  CHECK(fscanf(file, "%ld %ld", &size, &resident) == 2);
  fclose(file);
  return resident * 4;
}

/* Threads end and sockets close beside us. */
static void settle(int threads_before, int descriptors_before) {
  for (int wait = 0; wait < 250; wait++) {
    if (threads() <= threads_before && descriptors() <= descriptors_before) return;
    wait_ms(20);
  }
  fprintf(stderr, "threads: %d, were %d; descriptors: %d, were %d\n", threads(), threads_before, descriptors(),
          descriptors_before);
  exit(1);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  request = read_file(argv[1], &len);
  manager_round();
  settle(1, descriptors());
  int descriptors_before = descriptors();
  long resident = 0;
  for (int round = 0; round < MANAGERS; round++) {
    if (round == SETTLED) {
      settle(1, descriptors_before);
      resident = resident_kib();
    }
    manager_round();
  }
  settle(1, descriptors_before);
  printf("managers: %ld KiB more\n", resident_kib() - resident);
  CHECK(resident_kib() - resident < MOST_GROWTH_KIB);
  free(request);
  request = read_file(argv[2], &len);
  for (int round = 0; round < CLIENTS; round++) {
    if (round == CLIENTS / 5) resident = resident_kib();
    client_round(round);
  }
  settle(1, descriptors_before);
  printf("clients: %ld KiB more\n", resident_kib() - resident);
  CHECK(resident_kib() - resident < MOST_GROWTH_KIB);
  free(request);
  return 0;
}
