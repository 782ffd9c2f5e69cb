// THE table: every method and path that the server answers, who may ask, and what answers.
// Invariant: a route says who may ask: `Access` has no default, so an unguarded route does not compile.
// Documentation (docs/http-api.md, `authctl schema http`) is made from this table and nothing else.
//
// A handler runs in one of two places:
// - `on_spot`: on the I/O thread, from the snapshot; no disk, no lock that anybody holds for long, no
// hashing. It may
//   give nothing, which means "the store has to be asked": then the other half is run;
// - `on_worker`: on a worker thread with a Realm of its own.
// Either throws base::Error; the connection answers with the status of its code and tells nothing else.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "core/server/reply.h"
#include "core/server/request.h"

namespace authctl::server {

struct Spot;  // core/server/site.h
struct Work;  // core/server/workers.h

using OnSpot = std::optional<Reply> (*)(const Request&, Spot&);
using OnWorker = Reply (*)(const Request&, Work&);

class Handler {
 public:
  constexpr Handler(OnSpot on_spot) : spot(on_spot) {}
  constexpr Handler(OnWorker on_worker) : work(on_worker) {}
  constexpr Handler(OnSpot on_spot, OnWorker on_worker) : spot(on_spot), work(on_worker) {}
  OnSpot spot = nullptr;
  OnWorker work = nullptr;
};

// Who may ask. `signed_in` takes a bearer token or the access cookie; what a cookie brings and changes
// something must also pass the CSRF check of the guard.
class Access {
 public:
  enum class Kind { everybody, signed_in, permission };
  static constexpr Access everybody() { return {Kind::everybody, {}}; }
  static constexpr Access signed_in() { return {Kind::signed_in, {}}; }
  static constexpr Access permission(std::string_view name) { return {Kind::permission, name}; }
  constexpr Kind kind() const { return kind_; }
  constexpr std::string_view name() const { return name_; }  // of the permission

 private:
  constexpr Access(Kind kind, std::string_view name) : kind_(kind), name_(name) {}
  Kind kind_;
  std::string_view name_;
};

// `optional`: none, or one of the two.
enum class BodyKind { none, json, form, json_or_form, optional };
// Which of the limits in the settings counts its requests; none: health, keys, forward-auth.
enum class Limit { none, login, registration, reset, refresh, mfa };
// `hash`: it hashes a password. Such a request takes one of the hash pool's places once its body is there, or
// gets 503 at once (core/server/hash_pool.h).
enum class Cost { light, hash };
// Where it is served: on the public listener, or on --metrics-listen only. Nothing is served on the plain
// listener that redirects.
enum class Door { open, metrics, redirect };

// For the documentation.
struct MemberDoc {
  std::string_view name, type, about;  // type: string, integer, boolean, array, object
  bool required = true;
};
struct AnswerDoc {
  int status;
  std::string_view about;
  std::span<const MemberDoc> members = {};  // of its JSON
};
struct RouteDoc {
  std::string_view summary;
  std::span<const MemberDoc> query = {};    // parameters
  std::span<const MemberDoc> request = {};  // members of the body
  std::span<const AnswerDoc> answers = {};  // beside those that every route has
};

struct Route {
  std::string_view method, path;
  Access access;
  BodyKind body;
  Limit limit;
  Cost cost;
  Handler handler;
  const RouteDoc* doc;
  Door door = Door::open;
};

std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;  // nothing: 404, or 405 where `allowed` is not empty
  std::string_view allowed;      // methods, for the field Allow
};
// HEAD finds the route of GET.
RouteMatch find_route(std::string_view method, std::string_view path, Door door);

// Handlers, a file a subject.
std::optional<Reply> healthz(const Request&, Spot&);
std::optional<Reply> readyz(const Request&, Spot&);
std::optional<Reply> metrics(const Request&, Spot&);
std::optional<Reply> verify_on_spot(const Request&, Spot&);
Reply verify(const Request&, Work&);
Reply login(const Request&, Work&);
Reply verify_mfa(const Request&, Work&);
Reply register_user(const Request&, Work&);
Reply refresh(const Request&, Work&);
Reply logout(const Request&, Work&);
Reply me(const Request&, Work&);
Reply csrf(const Request&, Work&);
Reply change_password(const Request&, Work&);
Reply ask_for_reset(const Request&, Work&);
Reply confirm_reset(const Request&, Work&);
std::optional<Reply> jwks(const Request&, Spot&);
std::optional<Reply> discovery(const Request&, Spot&);

}  // namespace authctl::server
