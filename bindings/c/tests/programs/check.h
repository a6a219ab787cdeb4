/* What the test programs share. A check that fails ends the program with its place. */
#ifndef CHECK_H
#define CHECK_H

#include <keyrotor.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(holds)                                                             \
  do {                                                                           \
    if (!(holds)) {                                                              \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #holds);        \
      exit(1);                                                                   \
    }                                                                            \
  } while (0)

/* Success, or the program ends with the error. */
#define OK(call) check_ok((call), __FILE__, __LINE__)

/* The error of this name, which is freed. */
#define FAILS(call, name) check_fails((call), (name), __FILE__, __LINE__)

static inline void check_ok(kr_error *error, const char *file, int line) {
  if (error != NULL) {
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, kr_error_name(error), kr_error_message(error));
    exit(1);
  }
}

static inline void check_fails(kr_error *error, const char *name, const char *file, int line) {
  if (error == NULL || strcmp(kr_error_name(error), name) != 0) {
    fprintf(stderr, "%s:%d: %s is expected, not %s: %s\n", file, line, name,
            error == NULL ? "success" : kr_error_name(error), error == NULL ? "" : kr_error_message(error));
    exit(1);
  }
  kr_error_free(error);
}

/* Entries of a folder of /proc/self: `task` has one for each thread, `fd` for each descriptor. */
static inline int entries(const char *path) {
  int count = 0;
  DIR *folder = opendir(path);
  CHECK(folder != NULL);
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (entry->d_name[0] != '.') count++;
  }
  closedir(folder);
  return count;
}

static inline int threads(void) { return entries("/proc/self/task"); }

/* The one that reads the folder counts too, always. */
static inline int descriptors(void) { return entries("/proc/self/fd"); }

static inline void wait_ms(long milliseconds) {
  struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&pause, NULL);
}

/* A file's bytes, to be freed. */
static inline uint8_t *read_file(const char *path, size_t *len) {
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  uint8_t *bytes = (uint8_t *)malloc(1 << 20);
  CHECK(bytes != NULL);
  *len = fread(bytes, 1, 1 << 20, file);
  fclose(file);
  return bytes;
}

#endif
