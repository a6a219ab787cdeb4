// keyrotor.hpp: wrapper MANAGER_REQUEST CONNECTION_REQUEST (JSON files)
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

template <typename F>
static keyrotor::Error caught(F call) {
  try {
    call();
  } catch (const keyrotor::Error &error) {
    return error;
  }
  std::cerr << "an error is expected\n";
  std::exit(1);
}

static std::string contents(const char *path) {
  std::ifstream file(path);
  CHECK(file);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

static void manage(const std::string &request) {
  keyrotor::TokenManager made(keyrotor::Request::json(request));
  keyrotor::TokenManager manager = std::move(made);
  manager.start();
  CHECK(manager.token().find("X-Amz-Signature=") != std::string::npos);
  keyrotor::Credential credential = manager.credential();
  CHECK(credential.user() == "iam-user-01" && credential.generation() == 1);
  auto life = credential.expires_at().value() - credential.issued_at();
  CHECK(life > std::chrono::seconds(897) && life <= std::chrono::minutes(15));
  manager.refresh();
  CHECK(manager.credential().generation() == 2);
  CHECK(manager.credential().secret() != credential.secret());
  manager.reject(2);
  manager.accept(3);
  CHECK(manager.fd() >= 0);
  CHECK(manager.status_json().find("elasticache-iam") != std::string::npos);
  manager.close();
  CHECK(caught([&] { manager.token(); }).name() == "closed");
}

static void connect(const std::string &request) {
  keyrotor::Client client(keyrotor::Request::json(request));
  using namespace std::string_view_literals;
  CHECK(client.execute({"SET", "k\0ey"sv, "a\0b"sv}).string() == "OK");
  CHECK(client.execute({"GET", "k\0ey"sv}).string() == "a\0b"sv);
  CHECK(client.execute({"GET", ""}).is_null());
  keyrotor::Error error = caught([&] { client.execute({"INCR", "k\0ey"sv}); });
  CHECK(error.code() == KR_CODE_SERVER_ERROR && !error.retryable() && !error.field() && !error.source());
  CHECK(error.server_text().value().find("not an integer") != std::string::npos);
  keyrotor::Reply replies =
      client.execute(keyrotor::Batch::atomic().add({"INCR", "n"}).add({"INCR", "k\0ey"sv}).add({"GET", "n"}));
  CHECK(replies.length() == 3 && replies[0].integer() == 1 && replies[2].string() == "1");
  CHECK(replies[1].error().value().name() == "server-error" && !replies[0].error());
  CHECK(client.execute(keyrotor::Batch().add({"PING"}))[0].string() == "PONG");
  CHECK(client.execute({"HSET", "h", "f", "v"}).integer() == 1);
  keyrotor::Reply map = client.execute({"HGETALL", "h"});
  CHECK(map.type() == KR_TYPE_MAP && map.key(0).string() == "f" && map.value(0).string() == "v");
  CHECK(client.stats().commands == 10 && client.status_json().find("FRESH") != std::string::npos);
  client.close();
  CHECK(caught([&] { client.execute({"PING"}); }).name() == "closed");
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  manage(contents(argv[1]));
  connect(contents(argv[2]));
  keyrotor::Error error = caught([] { keyrotor::Client(keyrotor::Request::json("{\"tlsMod\": 1}")); });
  CHECK(error.name() == "config-unknown-field" && error.field() == "tlsMod");
  CHECK(caught([] { keyrotor::connection_request_from_glide("\xff"); }).code() == KR_CODE_CONFIG_MALFORMED);
  return 0;
}
