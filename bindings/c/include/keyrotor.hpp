/*
 * keyrotor.hpp: keyrotor.h for C++17, header only.
 *
 * The contract is that of keyrotor.h, with these differences: errors are thrown (keyrotor::Error), handles free
 * themselves and are moved, not copied, and text is std::string or, where it belongs to a reply, a view of it.
 * Methods are as thread-safe as the functions behind them; moving or destroying an object is not.
 */
#ifndef KEYROTOR_HPP
#define KEYROTOR_HPP

#include <keyrotor.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyrotor {

/* A keyrotor.v1 message: proto3 JSON, or the bytes of the wire format. */
struct Request {
  std::string_view bytes;
  kr_format format;

  static Request json(std::string_view text) { return {text, KR_FORMAT_JSON}; }
  static Request protobuf(std::string_view bytes) { return {bytes, KR_FORMAT_PROTOBUF}; }

  const std::uint8_t *data() const { return reinterpret_cast<const std::uint8_t *>(bytes.data()); }
};

/* What went wrong. what() is the message; code() and name() are the contract. */
class Error : public std::runtime_error {
 public:
  explicit Error(const kr_error *error)
      : std::runtime_error(exact(error, kr_error_message_bytes)),
        code_(kr_error_code(error)),
        retryable_(kr_error_retryable(error)),
        name_(kr_error_name(error)),
        field_(optional(kr_error_field(error))),
        source_(optional(kr_error_source(error))) {
    if (kr_error_server_text(error) != nullptr) server_text_ = exact(error, kr_error_server_text_bytes);
  }

  std::int32_t code() const noexcept { return code_; }
  /* "auth-refused" */
  const std::string &name() const noexcept { return name_; }
  /* Whether the same call may succeed later, with nothing changed. */
  bool retryable() const noexcept { return retryable_; }
  /* Of a config-* error: the field's path. */
  const std::optional<std::string> &field() const noexcept { return field_; }
  /* The server's own words, where the server spoke. */
  const std::optional<std::string> &server_text() const noexcept { return server_text_; }
  /* Of a credentials-* error: the source that was asked. */
  const std::optional<std::string> &source() const noexcept { return source_; }

  /* Throws what a call has returned, unless it is success. */
  static void check(kr_error *error) {
    if (error == nullptr) return;
    std::unique_ptr<kr_error, decltype(&kr_error_free)> owner(error, kr_error_free);
    throw Error(error);
  }

 private:
  static std::string exact(const kr_error *error, const char *(*part)(const kr_error *, std::size_t *)) {
    std::size_t length = 0;
    const char *text = part(error, &length);
    return std::string(text, length);
  }

  static std::optional<std::string> optional(const char *text) {
    return text == nullptr ? std::nullopt : std::optional<std::string>(text);
  }

  std::int32_t code_;
  bool retryable_;
  std::string name_;
  std::optional<std::string> field_;
  std::optional<std::string> source_;
  std::optional<std::string> server_text_;
};

namespace detail {

template <typename T, void (*free)(T *)>
struct Free {
  void operator()(T *owned) const noexcept { free(owned); }
};

template <typename T, void (*free)(T *)>
using Owned = std::unique_ptr<T, Free<T, free>>;

inline std::string text(kr_string *string) {
  Owned<kr_string, kr_string_free> owner(string);
  std::size_t length = 0;
  const char *data = kr_string_data(string, &length);
  return std::string(data, length);
}

/* A command's arguments as C takes them. */
struct Arguments {
  explicit Arguments(const std::vector<std::string_view> &command) {
    for (std::string_view argument : command) {
      pointers.push_back(argument.data() == nullptr ? "" : argument.data());
      lengths.push_back(argument.size());
    }
  }

  std::vector<const char *> pointers;
  std::vector<std::size_t> lengths;
};

}  // namespace detail

/* A user name, the secret that goes with it, and how long it holds. The secret is wiped when this goes. */
class Credential {
 public:
  using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

  explicit Credential(kr_credential *owned) : owned_(owned) {}

  std::string_view user() const { return view(kr_credential_user); }
  /* It lives as long as this. Do not log it. */
  std::string_view secret() const { return view(kr_credential_secret); }
  Time issued_at() const { return Time(std::chrono::milliseconds(kr_credential_issued_at(owned_.get()))); }
  /* None for a password that does not expire. */
  std::optional<Time> expires_at() const {
    std::int64_t at = kr_credential_expires_at(owned_.get());
    return at == INT64_MAX ? std::nullopt : std::optional<Time>(Time(std::chrono::milliseconds(at)));
  }
  std::uint64_t generation() const { return kr_credential_generation(owned_.get()); }

 private:
  std::string_view view(const char *(*part)(const kr_credential *, std::size_t *)) const {
    std::size_t length = 0;
    const char *text = part(owned_.get(), &length);
    return std::string_view(text, length);
  }

  detail::Owned<kr_credential, kr_credential_free> owned_;
};

/* What a function answers: one of these, or an exception. Texts end at their first NUL. */
class Answer {
 public:
  explicit Answer(kr_answer *borrowed) : borrowed_(borrowed) {}

  /* No expiry: the secret does not end. */
  void login(const std::string &user, const std::string &secret,
             std::optional<Credential::Time> expires_at = std::nullopt) {
    Error::check(kr_answer_login(borrowed_, user.c_str(), secret.c_str(), end(expires_at)));
  }
  void key(const std::string &access_key_id, const std::string &secret_access_key,
           const std::optional<std::string> &session_token = std::nullopt,
           std::optional<Credential::Time> expires_at = std::nullopt) {
    const char *session = session_token ? session_token->c_str() : nullptr;
    Error::check(
        kr_answer_key(borrowed_, access_key_id.c_str(), secret_access_key.c_str(), session, end(expires_at)));
  }

 private:
  static std::int64_t end(std::optional<Credential::Time> at) {
    return at ? static_cast<std::int64_t>(at->time_since_epoch().count()) : INT64_MAX;
  }

  kr_answer *borrowed_;
};

/* Functions that requests name. Each runs on a thread of the library's and lives on with the managers and clients
 * that were made with it. What it throws is a failure, and what() of that a part of the error: no secret in it. */
class Callbacks {
 public:
  using Function = std::function<void(Answer &)>;

  Callbacks() {
    kr_callbacks *callbacks = nullptr;
    Error::check(kr_callbacks_new(&callbacks));
    owned_.reset(callbacks);
  }

  Callbacks &add(const std::string &name, Function function) {
    auto data = std::make_unique<Function>(std::move(function));
    Error::check(kr_callbacks_add(owned_.get(), name.c_str(), call, data.release(), release));
    return *this;
  }

  const kr_callbacks *get() const noexcept { return owned_.get(); }

 private:
  static void call(void *data, kr_answer *answer) noexcept {
    try {
      Answer to(answer);
      (*static_cast<Function *>(data))(to);
    } catch (const std::exception &error) {
      kr_error_free(kr_answer_failure(answer, error.what()));
    } catch (...) {
      kr_error_free(kr_answer_failure(answer, "it threw what is no std::exception"));
    }
  }

  static void release(void *data) noexcept { delete static_cast<Function *>(data); }

  detail::Owned<kr_callbacks, kr_callbacks_free> owned_;
};

/* Keeps one identity's token fresh. */
class TokenManager {
 public:
  TokenManager(const Request &request, const Callbacks &callbacks) {
    kr_token_manager *manager = nullptr;
    Error::check(kr_token_manager_new_with(request.data(), request.bytes.size(), request.format, callbacks.get(),
                                           &manager));
    owned_.reset(manager);
  }

  explicit TokenManager(const Request &request) {
    kr_token_manager *manager = nullptr;
    Error::check(kr_token_manager_new(request.data(), request.bytes.size(), request.format, &manager));
    owned_.reset(manager);
  }

  void start() const { Error::check(kr_token_manager_start(owned_.get())); }
  /* Waits where the token must be fetched. */
  std::string token() const { return std::string(credential().secret()); }
  Credential credential() const {
    kr_credential *credential = nullptr;
    Error::check(kr_token_manager_credential(owned_.get(), &credential));
    return Credential(credential);
  }
  /* Fetches a new token now, and waits for it. */
  void refresh() const { Error::check(kr_token_manager_refresh(owned_.get())); }
  void reject(std::uint64_t generation) const { Error::check(kr_token_manager_reject(owned_.get(), generation)); }
  void accept(std::uint64_t generation) const { Error::check(kr_token_manager_accept(owned_.get(), generation)); }
  /* A keyrotor.v1.Status as JSON. */
  std::string status_json() const {
    kr_string *status = nullptr;
    Error::check(kr_token_manager_status_json(owned_.get(), &status));
    return detail::text(status);
  }
  /* For poll(); see kr_token_manager_fd(). */
  int fd() const {
    int fd = -1;
    Error::check(kr_token_manager_fd(owned_.get(), &fd));
    return fd;
  }
  void close() const { Error::check(kr_token_manager_close(owned_.get())); }

 private:
  detail::Owned<kr_token_manager, kr_token_manager_free> owned_;
};

/* A part of a reply, which lives as long as the whole. */
class ReplyView {
 public:
  explicit ReplyView(const kr_reply *reply) : reply_(reply) {}

  kr_type type() const { return kr_reply_type(reply_); }
  bool is_null() const { return type() == KR_TYPE_NULL; }
  std::int64_t integer() const { return kr_reply_integer(reply_); }
  double real() const { return kr_reply_double(reply_); }
  bool boolean() const { return kr_reply_boolean(reply_); }
  /* Empty where the reply is no string. */
  std::string_view string() const {
    std::size_t length = 0;
    const char *text = kr_reply_string(reply_, &length);
    return std::string_view(text, length);
  }
  std::size_t length() const { return kr_reply_length(reply_); }
  /* Null past the end. */
  ReplyView operator[](std::size_t index) const { return ReplyView(kr_reply_element(reply_, index)); }
  ReplyView key(std::size_t index) const { return ReplyView(kr_reply_key(reply_, index)); }
  ReplyView value(std::size_t index) const { return ReplyView(kr_reply_value(reply_, index)); }
  /* The error that stands here, if one does. */
  std::optional<Error> error() const {
    const kr_error *error = kr_reply_error(reply_);
    return error == nullptr ? std::nullopt : std::optional<Error>(Error(error));
  }

 private:
  const kr_reply *reply_;
};

/* What a server answered. */
class Reply : public ReplyView {
 public:
  explicit Reply(kr_reply *owned) : ReplyView(owned), owned_(owned) {}

 private:
  detail::Owned<kr_reply, kr_reply_free> owned_;
};

/* Several commands in one piece. */
class Batch {
 public:
  Batch() : owned_(kr_batch_new(false)) {}
  /* Between MULTI and EXEC. */
  static Batch atomic() { return Batch(kr_batch_new(true)); }

  Batch &add(const std::vector<std::string_view> &command) {
    detail::Arguments arguments(command);
    Error::check(kr_batch_add(owned_.get(), command.size(), arguments.pointers.data(), arguments.lengths.data()));
    return *this;
  }

  const kr_batch *get() const { return owned_.get(); }

 private:
  explicit Batch(kr_batch *owned) : owned_(owned) {}

  detail::Owned<kr_batch, kr_batch_free> owned_;
};

/* A Redis and Valkey client whose connection stays logged in. Any number of threads share it. */
class Client {
 public:
  Client(const Request &request, const Callbacks &callbacks) {
    kr_client *client = nullptr;
    Error::check(
        kr_client_connect_with(request.data(), request.bytes.size(), request.format, callbacks.get(), &client));
    owned_.reset(client);
  }

  /* Connects and logs in. */
  explicit Client(const Request &request) {
    kr_client *client = nullptr;
    Error::check(kr_client_connect(request.data(), request.bytes.size(), request.format, &client));
    owned_.reset(client);
  }

  Reply execute(const std::vector<std::string_view> &command) const {
    detail::Arguments arguments(command);
    kr_reply *reply = nullptr;
    Error::check(kr_client_execute(owned_.get(), command.size(), arguments.pointers.data(), arguments.lengths.data(),
                                   &reply));
    return Reply(reply);
  }
  /* An array with an entry for each command; an entry may be an error. */
  Reply execute(const Batch &batch) const {
    kr_reply *reply = nullptr;
    Error::check(kr_client_execute_batch(owned_.get(), batch.get(), &reply));
    return Reply(reply);
  }
  /* A keyrotor.v1.Status as JSON; `null` where the client does not log in. */
  std::string status_json() const {
    kr_string *status = nullptr;
    Error::check(kr_client_status_json(owned_.get(), &status));
    return detail::text(status);
  }
  kr_stats stats() const {
    kr_stats stats{};
    stats.size = sizeof stats;
    Error::check(kr_client_stats(owned_.get(), &stats));
    return stats;
  }
  void close() const { Error::check(kr_client_close(owned_.get())); }

 private:
  detail::Owned<kr_client, kr_client_free> owned_;
};

/* Valkey GLIDE's ConnectionRequest (2.x) as ours, for Request::protobuf. */
inline std::string connection_request_from_glide(std::string_view bytes) {
  kr_string *request = nullptr;
  const auto *data = reinterpret_cast<const std::uint8_t *>(bytes.data());
  Error::check(kr_connection_request_from_glide(data, bytes.size(), &request));
  return detail::text(request);
}

}  // namespace keyrotor

#endif
