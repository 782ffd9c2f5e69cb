#include "cli/present.h"

#include <algorithm>

#include "cli/json_text.h"
#include "cli/meaning.h"
#include "cli/pager.h"
#include "cli/table.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::cli {
namespace {

namespace json = base::json;
using commands::Field;
using commands::FieldType;
using commands::Output;
using commands::Shape;

std::string cell_of(const json::value& value);

// "edit:posts post/42", "user ann": the members' names would only widen the table, and so would the id of
// what has a name.
std::string joined_members(const json::object& object) {
  std::string text;
  const auto* name = object.if_contains("name");
  for (const auto& member : object) {
    if (member.value().is_null()) continue;
    if (member.key() == "id" && name != nullptr && !name->is_null()) continue;
    text += (text.empty() ? "" : " ") + cell_of(member.value());
  }
  return text.empty() ? "-" : text;
}

// One value on one line, as a person reads it.
std::string cell_of(const json::value& value) {
  if (value.is_null()) return "-";
  if (const auto* text = value.if_string()) return text->empty() ? "-" : base::printable(*text);
  if (const auto* flag = value.if_bool()) return *flag ? "yes" : "no";
  if (const auto* object = value.if_object()) return joined_members(*object);
  if (const auto* array = value.if_array()) {
    std::string text;
    for (const auto& element : *array) {
      text += (text.empty() ? "" : element.is_object() ? "; " : ", ") + cell_of(element);
    }
    return text.empty() ? "-" : text;
  }
  return json::serialize(value);
}

struct ViewLine {
  std::string name, value, member;
};

// `name: value` lines; a member of an inner object stands as outer.inner, an array of objects a line each.
void collect_lines(const std::string& prefix, const json::object& data, std::vector<ViewLine>& lines) {
  for (const auto& member : data) {
    const std::string name = prefix + base::printable(member.key());
    const auto* array = member.value().if_array();
    if (const auto* object = member.value().if_object(); object != nullptr && !object->empty()) {
      collect_lines(name + ".", *object, lines);
    } else if (array != nullptr && !array->empty() && array->front().is_object()) {
      for (std::size_t i = 0; i < array->size(); ++i)
        lines.push_back({i == 0 ? name : "", cell_of((*array)[i]), ""});
    } else {
      lines.push_back({name, cell_of(member.value()), std::string(member.key())});
    }
  }
}

void print_lines(const Console& console, const Style& style, const json::object& data) {
  std::vector<ViewLine> lines;
  collect_lines("", data, lines);
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, base::display_width(line.name));
  for (const auto& line : lines) {
    const std::string label = line.name.empty() ? "" : line.name + ":";
    const auto colour = style.colour ? colour_of(line.member, line.value) : "";
    const auto more = style.now ? how_long(line.value, *style.now) : "";
    console.out << label << std::string(width + 2 - std::min(width + 1, base::display_width(label)), ' ')
                << colour << line.value << (colour.empty() ? "" : colour_end)
                << (more.empty() ? "" : " (" + more + ")") << '\n';
  }
}

// Each line as it may be printed.
template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(base::printable(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void print_safely(std::ostream& out, std::string_view text) {
  for_each_line(text, [&](const std::string& line) { out << line << '\n'; });
}

class Presenter {
 public:
  Presenter(Output& output, const Console& console, const Style& style)
      : output_(output), console_(console), style_(style) {}

  void run() {
    if (output_.kind == Output::Kind::nothing) return;
    if (output_.kind == Output::Kind::many) return many();
    if (output_.kind == Output::Kind::bytes && (style_.quiet || style_.format == Format::table)) {
      console_.out << output_.payload;
      return;
    }
    if (output_.make_data) output_.data = output_.make_data(output_.payload);
    one(in_shape(*output_.shape, std::move(output_.data), style_.strict_shapes));
  }

 private:
  void one(json::object data) {
    if (style_.quiet) return id_of(data);
    if (style_.format == Format::table) {
      return output_.view ? drawing(*output_.view) : print_lines(console_, style_, data);
    }
    write_json(console_.out, data, {style_.format == Format::json && console_.out_is_terminal});
    console_.out << '\n';
  }

  void many() {
    if (style_.quiet) return each([&](json::object row) { id_of(row); });
    if (style_.format == Format::json) return array();
    if (style_.format == Format::table) return output_.view ? drawing(*output_.view) : table();
    each([&](json::object row) {
      write_json(console_.out, row);
      console_.out << '\n';
    });
  }

  // A view is plain text; colours and how long ago a time is are put beside it for a person.
  void drawing(std::string_view text) {
    for_each_line(text, [&](std::string line) {
      if (!style_.now) {
        console_.out << (style_.colour ? coloured_line(line) : line) << '\n';
        return;
      }
      line = with_how_long(std::move(line), *style_.now, console_.width);
      for (const auto& part : folded(line, console_.width))
        console_.out << (style_.colour ? coloured_line(part) : part) << '\n';
    });
  }

  // Stops where nobody reads any more (`| head`).
  template <class Visit>
  void each(Visit visit) {
    while (console_.out.good()) {
      auto row = output_.next();
      if (!row) break;
      visit(in_shape(*output_.shape, std::move(*row), style_.strict_shapes));
    }
  }

  void array() {
    const bool indented = console_.out_is_terminal;
    const char* separator = indented ? "\n  " : "";
    bool any = false;
    each([&](json::object row) {
      console_.out << (any ? "," : "[") << separator;  // where the first one fails, nothing was printed
      any = true;
      write_json(console_.out, row, {indented, 1});
    });
    console_.out << (!any ? "[]\n" : indented ? "\n]\n" : "]\n");
  }

  void table() {
    std::vector<std::string> titles;
    std::vector<std::string_view> members;
    for (const Field& field : output_.shape->fields) {
      if (field.title.empty()) continue;
      titles.emplace_back(field.title);
      for (char& c : titles.back()) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      members.push_back(field.name);
    }
    const auto width = console_.out_is_terminal ? std::optional(console_.width) : std::nullopt;
    Table rows(console_.out, std::move(titles), width, style_.colour);
    each([&](json::object row) {
      std::vector<Cell> cells;
      for (const auto member : members) {
        const auto& value = row.at(member);
        Cell cell{cell_of(value)};
        cell.colour = colour_of(member, cell.text);
        if (style_.now && value.is_string()) cell.less = how_long(cell.text, *style_.now);
        if (!cell.less.empty()) cell.more = "(" + cell.less + ")";
        cells.push_back(std::move(cell));
      }
      rows.add(std::move(cells));
    });
    rows.finish();
  }

  void id_of(const json::object& data) {
    const auto& id = output_.shape->id;
    if (id.empty()) return;
    const auto* value = data.if_contains(id);
    if (value != nullptr && !value->is_null()) console_.out << cell_of(*value) << '\n';
  }

  Output& output_;
  const Console& console_;
  const Style& style_;
};

}  // namespace

void present(Output& output, const Console& console, const Style& style) {
  {
    // Bytes are for programs and files; what a person reads may be long.
    Pager pager(console, output.kind == Output::Kind::bytes ? "" : style.pager);
    const Console shown = pager.console();
    Presenter(output, shown, style).run();
  }
  console.out.flush();
  for (const auto& notice : output.notices) print_safely(console.err, "authctl: " + notice);
  console.err.flush();
}

}  // namespace authctl::cli
