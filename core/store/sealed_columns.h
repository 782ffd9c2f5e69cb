// Where sealed values stand in the store, as one table: what a new data key seals anew, what `master-key
// verify` and a backup's check open one by one. Invariant: every column that holds something sealed is here,
// with the place that it was sealed for; a test compares it with the schema.
#pragma once
#include <array>
#include <string_view>

namespace authctl::store {

// The place of a value is table/column/row, and `row` is the SQL over its columns that names the row.
struct SealedColumn {
  std::string_view table, column, row;
  std::string_view which = "";  // SQL over the columns of the table: the rows where something sealed stands
};

inline constexpr std::array sealed_columns{
    SealedColumn{"store_meta", "value", "name", "name IN ('audit_key', 'backup_code_key', 'manifest_key')"},
    SealedColumn{"crypto_key", "sealed", "kid",
                 "length(sealed) > 0"},  // empty: only its public half is known
    SealedColumn{"totp_enrolment", "sealed", "id"},
    // Where identifiers are sealed (store/field_sealer.h).
    SealedColumn{"user_account", "sealed_email", "id", "sealed_email IS NOT NULL"},
    SealedColumn{"role", "sealed_description", "id", "sealed_description IS NOT NULL"},
    SealedColumn{"role_grant", "sealed_permission", "role_id || '/' || permission || '/' || resource",
                 "sealed_permission IS NOT NULL"},
};

}  // namespace authctl::store
