/*
 * A token for the client that you already have.
 *
 *   token REQUEST.json          prints the user and when the token ends on stderr, the token on stdout:
 *   redis-cli --tls -h HOST --user app -a "$(token REQUEST.json)" PING
 *
 * REQUEST.json is a keyrotor.v1.TokenManagerRequest:
 *   {"authenticationInfo": {"iamCredentials":
 *     {"clusterName": "my-cache", "username": "app", "region": "eu-west-1"}}}
 */
#include <keyrotor.h>

#include <inttypes.h>
#include <stdio.h>

static int fail(kr_error *error) {
  fprintf(stderr, "token: %s: %s\n", kr_error_name(error), kr_error_message(error));
  if (kr_error_retryable(error)) fprintf(stderr, "token: the same may work later\n");
  kr_error_free(error);
  return 1;
}

int main(int argc, char **argv) {
  static uint8_t request[1 << 16];
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) {
    fprintf(stderr, "usage: token REQUEST.json\n");
    return 1;
  }
  size_t len = fread(request, 1, sizeof request, file);
  fclose(file);

  kr_token_manager *manager;
  kr_error *error = kr_token_manager_new(request, len, KR_FORMAT_JSON, &manager);
  if (error != NULL) return fail(error);

  kr_credential *credential;
  error = kr_token_manager_credential(manager, &credential);
  if (error == NULL) {
    fprintf(stderr, "user %s, ends at %" PRId64 " ms\n", kr_credential_user(credential, NULL),
            kr_credential_expires_at(credential));
    puts(kr_credential_secret(credential, NULL));
    kr_credential_free(credential);
  }
  kr_token_manager_free(manager);
  return error == NULL ? 0 : fail(error);
}
