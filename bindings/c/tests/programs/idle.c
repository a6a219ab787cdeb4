/* T12: nothing runs before the first use. idle MANAGER_REQUEST (JSON file) */
#include "check.h"

int main(int argc, char **argv) {
  CHECK(argc == 3);
  int descriptors_before = descriptors();
  CHECK(threads() == 1);
  size_t len;
  uint8_t *request = read_file(argv[1], &len);
  kr_token_manager *managers[50];
  for (int i = 0; i < 50; i++) OK(kr_token_manager_new(request, len, KR_FORMAT_JSON, &managers[i]));
  kr_string *status;
  OK(kr_token_manager_status_json(managers[0], &status));
  CHECK(strstr(kr_string_data(status, NULL), "\"attempts\"") == NULL);
  kr_string_free(status);
  CHECK(threads() == 1 && descriptors() == descriptors_before);
  /* The first use starts one thread, for all of them. */
  char buf[4096];
  for (int i = 0; i < 50; i++) OK(kr_token_manager_token(managers[i], buf, sizeof buf, &len));
  CHECK(threads() == 2);
  for (int i = 0; i < 50; i++) kr_token_manager_free(managers[i]);
  for (int wait = 0; wait < 100 && threads() > 1; wait++) wait_ms(20);
  CHECK(threads() == 1);
  free(request);
  return 0;
}
