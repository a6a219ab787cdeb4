/*
 * The demo: counts up on one connection while its login is renewed under it.
 *
 *   demo REQUEST_FILE SECONDS
 *
 * REQUEST_FILE holds the protobuf bytes of a keyrotor.v1.ConnectionRequest. Prints one line of JSON at the end.
 */
#define _POSIX_C_SOURCE 200809L

#include <keyrotor.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void report(const char *what, kr_error *error) {
  fprintf(stderr, "demo: %s: %s: %s\n", what, kr_error_name(error), kr_error_message(error));
  kr_error_free(error);
}

static kr_client *connect_with(const char *path) {
  static uint8_t request[1 << 16];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    return NULL;
  }
  size_t len = fread(request, 1, sizeof request, file);
  fclose(file);
  kr_client *client = NULL;
  kr_error *error = kr_client_connect(request, len, KR_FORMAT_PROTOBUF, &client);
  if (error != NULL) report("connect", error);
  return client;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Counts for so many seconds; what it adds to `failures` are errors, and replies that are out of step. */
static uint64_t count(const kr_client *client, double seconds, uint64_t *failures) {
  const char *incr[] = {"INCR", "demo:c"};
  const struct timespec pause = {0, 1000000};
  uint64_t commands = 0;
  int64_t previous = 0;
  for (double end = now() + seconds; now() < end; nanosleep(&pause, NULL)) {
    kr_reply *reply = NULL;
    kr_error *error = kr_client_execute(client, 2, incr, NULL, &reply);
    commands++;
    if (error != NULL) {
      (*failures)++;
      report("INCR", error);
      continue;
    }
    int64_t number = kr_reply_integer(reply);
    /* The key may be there from an earlier run, so the first number is any. */
    if (previous != 0 && number != previous + 1) (*failures)++;
    previous = number;
    kr_reply_free(reply);
  }
  return commands;
}

/* How often the token was replaced: a keyrotor.v1.Status says its generation, a 64-bit number as text. */
static uint64_t rotations(const kr_client *client) {
  static const char name[] = "\"generation\":\"";
  kr_string *status = NULL;
  kr_error *error = kr_client_status_json(client, &status);
  if (error != NULL) {
    report("status", error);
    return 0;
  }
  const char *found = strstr(kr_string_data(status, NULL), name);
  uint64_t generation = found == NULL ? 0 : strtoull(found + strlen(name), NULL, 10);
  kr_string_free(status);
  return generation == 0 ? 0 : generation - 1;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: demo REQUEST_FILE SECONDS\n");
    return 1;
  }
  kr_client *client = connect_with(argv[1]);
  if (client == NULL) return 1;

  uint64_t failures = 0;
  kr_reply *reply = NULL;
  kr_error *error = kr_client_execute(client, 3, (const char *[]){"CLIENT", "SETNAME", "demo-c"}, NULL, &reply);
  if (error != NULL) {
    failures++;
    report("CLIENT SETNAME", error);
  }
  kr_reply_free(reply);
  uint64_t commands = count(client, atof(argv[2]), &failures);

  kr_stats stats = {.size = sizeof stats};
  error = kr_client_stats(client, &stats);
  if (error != NULL) report("stats", error);
  printf("{\"host\": \"c\", \"commands\": %" PRIu64 ", \"failures\": %" PRIu64 ", \"rotations\": %" PRIu64
         ", \"reauths\": %" PRIu64 ", \"reconnects\": %" PRIu64 "}\n",
         commands, failures, rotations(client), stats.reauths, stats.reconnects);
  error = kr_client_close(client);
  if (error != NULL) report("close", error);
  kr_client_free(client);
  return 0;
}
