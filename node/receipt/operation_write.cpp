// Operations back into the form that operation_form.cpp reads.
#include "node/ledger/ledger.h"
#include "node/receipt/form_writer.h"

namespace giro::receipt {

namespace json = boost::json;

json::object write_operation(const ledger::Operation& operation, const Names& names) {
  json::object out;
  json::object members;
  std::visit(
      [&]<class T>(const T& action) {
        if constexpr (!std::is_same_v<T, std::monostate>) {
          out["type"] = ledger::operation_name(T::kType);
          members = FormWriter(names).message(action);
        }
      },
      operation.action);
  out["actor"] = names.institution_name(operation.actor);
  out["op_id"] = to_uuid_text(operation.op_id.bytes);
  out["valid_until"] = to_time_text(operation.valid_until.value);
  for (auto& [name, value] : members) out[name] = std::move(value);
  return out;
}

}  // namespace giro::receipt
