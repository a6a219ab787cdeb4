/* S04, S02: functions that give logins and AWS keys. */
#include "check.h"

#include <pthread.h>

static const char LOGIN[] = "{\"authenticationInfo\": {\"callbackCredentials\": {\"name\": \"mine\"}},"
                            " \"refresh\": {\"sourceTimeout\": \"0.300s\", \"retry\": {\"maxAttempts\": 1}}}";
static const char KEYS[] =
    "{\"authenticationInfo\": {\"iamCredentials\": {\"clusterName\": \"c\", \"username\": \"u\", \"region\": \"r\","
    " \"keySource\": \"mine\"}}, \"refresh\": {\"retry\": {\"maxAttempts\": 1}}}";

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int calls, hangs, released;
  int64_t expires_at;
} state;

static state new_state(void) {
  state it = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, INT64_MAX};
  return it;
}

static void change(state *it, int *what, int to) {
  pthread_mutex_lock(&it->lock);
  *what = to;
  pthread_cond_broadcast(&it->changed);
  pthread_mutex_unlock(&it->lock);
}

static void await(state *it, const int *what, int value) {
  pthread_mutex_lock(&it->lock);
  while (*what != value) pthread_cond_wait(&it->changed, &it->lock);
  pthread_mutex_unlock(&it->lock);
}

static void released(void *data) {
  state *it = data;
  change(it, &it->released, it->released + 1);
}

static void login(void *data, kr_answer *answer) {
  state *it = data;
  change(it, &it->calls, it->calls + 1);
  await(it, &it->hangs, 0);
  FAILS(kr_answer_login(answer, NULL, "hunter2", INT64_MAX), "argument-invalid");
  FAILS(kr_answer_login(answer, "app", "hunter2", -1), "argument-invalid");
  OK(kr_answer_login(answer, "app", "hunter2", it->expires_at));
}

static void key(void *data, kr_answer *answer) {
  (void)data;
  OK(kr_answer_key(answer, "AKIDEXAMPLE", "hunter2", "the-session", INT64_MAX));
}

static void plain(void *data, kr_answer *answer) {
  (void)data;
  OK(kr_answer_login(answer, "app", "hunter2", INT64_MAX));
}

static void failing(void *data, kr_answer *answer) {
  (void)data;
  OK(kr_answer_failure(answer, "the vault is shut"));
}

static void silent(void *data, kr_answer *answer) {
  (void)data;
  (void)answer;
}

static kr_token_manager *manager(const char *request, kr_callback function, state *it) {
  kr_callbacks *callbacks;
  OK(kr_callbacks_new(&callbacks));
  OK(kr_callbacks_add(callbacks, "mine", function, it, it == NULL ? NULL : released));
  kr_token_manager *made;
  OK(kr_token_manager_new_with((const uint8_t *)request, strlen(request), KR_FORMAT_JSON, callbacks, &made));
  kr_callbacks_free(callbacks);
  return made;
}

static void gives_a_login_and_is_released(void) {
  state it = new_state();
  it.expires_at = ((int64_t)time(NULL) + 600) * 1000;
  kr_token_manager *one = manager(LOGIN, login, &it);
  kr_credential *credential;
  OK(kr_token_manager_credential(one, &credential));
  CHECK(strcmp(kr_credential_user(credential, NULL), "app") == 0);
  CHECK(strcmp(kr_credential_secret(credential, NULL), "hunter2") == 0);
  CHECK(kr_credential_expires_at(credential) == it.expires_at);
  kr_credential_free(credential);
  OK(kr_token_manager_refresh(one));
  CHECK(it.calls == 2 && it.released == 0);
  kr_token_manager_free(one);
  await(&it, &it.released, 1);
}

static void is_late(void) {
  state it = new_state();
  it.hangs = 1;
  kr_token_manager *one = manager(LOGIN, login, &it);
  FAILS(kr_token_manager_refresh(one), "credentials-timeout");
  change(&it, &it.hangs, 0);
  char buf[64];
  kr_error *error;
  for (int tries = 0; (error = kr_token_manager_token(one, buf, sizeof buf, NULL)) != NULL; tries++) {
    CHECK(tries < 3000);
    kr_error_free(error);
    wait_ms(20);
  }
  CHECK(strcmp(buf, "hunter2") == 0);
  kr_token_manager_free(one);
  await(&it, &it.released, 1);
}

static void fails_with(const char *request, kr_callback function, const char *text) {
  kr_token_manager *one = manager(request, function, NULL);
  kr_error *error = kr_token_manager_refresh(one);
  CHECK(error != NULL && strcmp(kr_error_name(error), "credentials-fetch-failed") == 0);
  CHECK(strstr(kr_error_message(error), text) != NULL && strstr(kr_error_message(error), "hunter2") == NULL);
  kr_error_free(error);
  kr_token_manager_free(one);
}

static void gives_keys(void) {
  kr_token_manager *one = manager(KEYS, key, NULL);
  char buf[4096];
  OK(kr_token_manager_token(one, buf, sizeof buf, NULL));
  CHECK(strstr(buf, "AKIDEXAMPLE") != NULL && strstr(buf, "the-session") != NULL);
  kr_token_manager_free(one);
}

static void is_refused(void) {
  state it = new_state();
  kr_callbacks *callbacks;
  OK(kr_callbacks_new(&callbacks));
  FAILS(kr_callbacks_add(callbacks, "mine", NULL, &it, released), "argument-invalid");
  FAILS(kr_callbacks_add(callbacks, NULL, login, &it, released), "argument-invalid");
  FAILS(kr_callbacks_add(NULL, "mine", login, &it, released), "argument-invalid");
  CHECK(it.released == 3);
  kr_token_manager *one;
  const uint8_t *bytes = (const uint8_t *)LOGIN;
  FAILS(kr_token_manager_new_with(bytes, strlen(LOGIN), KR_FORMAT_JSON, callbacks, &one), "config-missing");
  FAILS(kr_token_manager_new_with(bytes, strlen(LOGIN), KR_FORMAT_JSON, NULL, &one), "argument-invalid");
  kr_client *client;
  FAILS(kr_client_connect_with(bytes, strlen(LOGIN), KR_FORMAT_JSON, callbacks, &client), "config-missing");
  kr_callbacks_free(callbacks);
  kr_callbacks_free(NULL);
}

int main(void) {
  gives_a_login_and_is_released();
  is_late();
  gives_keys();
  fails_with(LOGIN, failing, "the vault is shut");
  fails_with(LOGIN, silent, "without an answer");
  fails_with(LOGIN, key, "use kr_answer_login()");
  fails_with(KEYS, plain, "use kr_answer_key()");
  is_refused();
  return 0;
}
