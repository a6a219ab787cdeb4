// S04, S02: functions for keyrotor.hpp: callbacks MANAGER_REQUEST CONNECTION_REQUEST (JSON files)
#include <keyrotor.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#define CHECK(holds)                                                                          \
  do {                                                                                        \
    if (!(holds)) {                                                                           \
      std::cerr << __FILE__ << ":" << __LINE__ << ": not so: " << #holds << "\n";             \
      std::exit(1);                                                                           \
    }                                                                                         \
  } while (false)

static const std::string ARM = R"("authenticationInfo": {"callbackCredentials": {"name": "mine"}})";
static const std::string REQUEST = "{" + ARM + R"(, "refresh": {"retry": {"maxAttempts": 1}}})";

static std::string contents(const char *path) {
  std::ifstream file(path);
  CHECK(file);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

static std::string failure(keyrotor::Callbacks::Function function) {
  keyrotor::TokenManager manager(keyrotor::Request::json(REQUEST), keyrotor::Callbacks().add("mine", function));
  try {
    manager.refresh();
  } catch (const keyrotor::Error &error) {
    CHECK(error.name() == "credentials-fetch-failed");
    return error.what();
  }
  return "";
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  auto end = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) +
             std::chrono::minutes(10);
  keyrotor::Callbacks callbacks;
  callbacks.add("mine", [end](keyrotor::Answer &answer) { answer.login("app", "hunter2", end); });
  keyrotor::TokenManager manager(keyrotor::Request::json(REQUEST), callbacks);
  keyrotor::Credential credential = manager.credential();
  CHECK(credential.user() == "app" && credential.secret() == "hunter2" && credential.expires_at() == end);

  CHECK(failure([](keyrotor::Answer &) { throw std::runtime_error("the vault is shut"); })
            .find("the vault is shut") != std::string::npos);
  CHECK(failure([](keyrotor::Answer &) { throw 7; }).find("no std::exception") != std::string::npos);

  // Tokens of one manager log a client in.
  keyrotor::TokenManager signer(keyrotor::Request::json(contents(argv[1])));
  std::string request = contents(argv[2]);
  std::size_t arm = request.find("\"authenticationInfo\":");
  CHECK(arm != std::string::npos);
  std::size_t last = request.find('{', arm);
  int depth = 0;
  do {
    depth += (request[last] == '{') - (request[last] == '}');
    last++;
  } while (depth > 0);
  request.replace(arm, last - arm, ARM);
  keyrotor::Callbacks logins;
  logins.add("mine", [&signer](keyrotor::Answer &answer) {
    keyrotor::Credential token = signer.credential();
    answer.login(std::string(token.user()), std::string(token.secret()), token.expires_at());
  });
  keyrotor::Client client(keyrotor::Request::json(request), logins);
  CHECK(client.execute({"PING"}).string() == "PONG");
  client.close();
  return 0;
}
