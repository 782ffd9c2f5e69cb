#include <unistd.h>

#include "commands/command.h"
#include "core/server/server.h"
#include "core/service/stored_settings.h"

namespace authctl::commands {
namespace {

Output run(Invocation& in, server::ServeRequest request) {
  request.environment = [&in](const std::string& name) { return in.environment(name); };
  request.store = {in.settings().text("store"), service::master_key_source(in.settings()),
                   [&in] { return in.cause(); }};
  const auto settings = [&in] {
    auto fresh = in.fresh_settings();
    service::take_stored_settings(fresh,
                                  *store::open_database(fresh.text("store"), store::OpenMode::existing));
    return fresh;
  };
  request.dry_run = in.dry_run();
  server::serve(request, settings, in.clock(), in.random(), STDERR_FILENO);
  return Output::nothing();
}

}  // namespace

void declare_serve(Noun& noun) {
  auto request = std::make_shared<server::ServeRequest>();
  auto& verb = noun.alone(
      nullptr,
      {.examples = {"authctl serve --dev",
                    "authctl serve --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem"},
       .exits = {{3, "there is no such file"},
                 {7, "the master key is not the one of the store"},
                 {8, "the store cannot be used"}},
       .more = "Answers until SIGTERM; what was begun is ended. SIGHUP reads certificate and settings again. "
               "--dry-run opens all that it needs and says so, and answers nobody; beside a server "
               "that runs it needs another port. "
               "A change "
               "made at the command line holds at once. Plain HTTP is served on loopback only. Log lines are "
               "JSON on "
               "standard error."},
      [request](Invocation& in) { return run(in, *request); });
  verb.add_option("--listen", request->listen, "where to listen (default 127.0.0.1:8443)")
      ->type_name("ADDR:PORT");
  verb.add_option("--tls-cert", request->tls_certificate, "certificate and its chain, PEM")
      ->type_name("FILE");
  verb.add_option("--tls-key", request->tls_key, "its private key, PEM")->type_name("FILE");
  verb.add_flag("--dev", request->dev, "a self-signed certificate, made on the spot");
  verb.add_option("--behind-proxy", request->behind_proxy,
                  "proxies in front: their X-Forwarded-For and -Proto are believed, plain HTTP is served")
      ->type_name("CIDR…");
  verb.add_option("--redirect-listen", request->redirect_listen,
                  "plain HTTP here is answered with a redirect to https")
      ->type_name("ADDR:PORT");
  verb.add_option("--metrics-listen", request->metrics_listen,
                  "Prometheus metrics are served here, and nowhere else")
      ->type_name("ADDR:PORT");
  verb.add_option("--threads", request->threads, "threads that answer (default: one a core)")
      ->type_name("N")
      ->check(CLI::Range(1U, server::most_threads));
}

}  // namespace authctl::commands
