#include "core/store/libpq.h"

#include <dlfcn.h>

#include <string>

#include "core/base/error.h"

namespace authctl::store {
namespace {

[[noreturn]] void fail_missing() {
  throw base::Error(base::ErrorCode::unavailable, "PostgreSQL's client library (libpq.so.5) is not installed",
                    "apt-get install libpq5");
}

template <class Function>
void find(void* library, const char* name, Function& function) {
  void* const address = ::dlsym(library, name);
  if (!address) fail_missing();
  function = reinterpret_cast<Function>(address);
}

Libpq load() {
  void* const library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (!library) fail_missing();
  Libpq pq{};
  find(library, "PQconnectdbParams", pq.connectdbParams);
  find(library, "PQconninfoParse", pq.conninfoParse);
  find(library, "PQconndefaults", pq.conndefaults);
  find(library, "PQconninfoFree", pq.conninfoFree);
  find(library, "PQstatus", pq.status);
  find(library, "PQerrorMessage", pq.errorMessage);
  find(library, "PQfinish", pq.finish);
  find(library, "PQexec", pq.exec);
  find(library, "PQprepare", pq.prepare);
  find(library, "PQexecPrepared", pq.execPrepared);
  find(library, "PQresultStatus", pq.resultStatus);
  find(library, "PQresultErrorField", pq.resultErrorField);
  find(library, "PQclear", pq.clear);
  find(library, "PQntuples", pq.ntuples);
  find(library, "PQftype", pq.ftype);
  find(library, "PQgetisnull", pq.getisnull);
  find(library, "PQgetlength", pq.getlength);
  find(library, "PQgetvalue", pq.getvalue);
  find(library, "PQcmdTuples", pq.cmdTuples);
  find(library, "PQtransactionStatus", pq.transactionStatus);
  find(library, "PQsetNoticeProcessor", pq.setNoticeProcessor);
  return pq;
}

}  // namespace

const Libpq& libpq() {
  static const Libpq functions = load();
  return functions;
}

}  // namespace authctl::store
