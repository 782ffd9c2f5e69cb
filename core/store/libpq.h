// The functions of libpq that the driver uses, found by dlopen the first time a PostgreSQL store is asked
// for. Invariant: a command on SQLite never maps libpq, and runs where it is not installed.
#pragma once
#include <libpq-fe.h>

namespace authctl::store {

struct Libpq {
  decltype(&::PQconnectdbParams) connectdbParams;
  decltype(&::PQconninfoParse) conninfoParse;
  decltype(&::PQconndefaults) conndefaults;
  decltype(&::PQconninfoFree) conninfoFree;
  decltype(&::PQstatus) status;
  decltype(&::PQerrorMessage) errorMessage;
  decltype(&::PQfinish) finish;
  decltype(&::PQexec) exec;
  decltype(&::PQprepare) prepare;
  decltype(&::PQexecPrepared) execPrepared;
  decltype(&::PQresultStatus) resultStatus;
  decltype(&::PQresultErrorField) resultErrorField;
  decltype(&::PQclear) clear;
  decltype(&::PQntuples) ntuples;
  decltype(&::PQftype) ftype;
  decltype(&::PQgetisnull) getisnull;
  decltype(&::PQgetlength) getlength;
  decltype(&::PQgetvalue) getvalue;
  decltype(&::PQcmdTuples) cmdTuples;
  decltype(&::PQtransactionStatus) transactionStatus;
  decltype(&::PQsetNoticeProcessor) setNoticeProcessor;
};

// Error unavailable where the library, or a function of it, is not there.
const Libpq& libpq();

}  // namespace authctl::store
