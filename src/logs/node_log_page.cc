#include "logs/node_log_page.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <limits>

#include "base/encoding.h"
#include "base/json.h"

namespace knit::logs {
namespace {

namespace json = boost::json;

// The longest line beside the stars is the first: two names. A file name has at most 255 bytes.
constexpr std::size_t kMaxLine = 4096;

Error damaged(std::string what) {
  return Error(ErrorCode::kDataLoss, std::move(what));
}

std::optional<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  // Java's long; so that differences of lengths fit a signed size.
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return value;
}

// Java's JSON writers give a list of one as its element, and an empty one as null or not at all.
template <class Visit>
Status for_each_object(const json::value* value, std::string_view what, Visit visit) {
  if (!value || value->is_null()) return {};
  if (const auto* object = value->if_object()) return visit(*object);
  const auto* list = value->if_array();
  if (!list)
    return damaged("the NodeManager's list of logs: " + std::string(what) + " is neither object nor list");
  for (const auto& element : *list) {
    const auto* object = element.if_object();
    if (!object)
      return damaged("the NodeManager's list of logs: " + std::string(what) +
                     " holds something else than objects");
    KNIT_TRY_VOID(visit(*object));
  }
  return {};
}

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string();
}

Result<NodeLogFile> read_file(const json::object& object) {
  NodeLogFile file{.name = text_of(object, "fileName"), .modified = text_of(object, "lastModifiedTime")};
  if (file.name.empty()) return damaged("the NodeManager's list of logs: a file without fileName");
  // Text in every version seen; a number would be as good.
  std::optional<std::uint64_t> length = parse_length(text_of(object, "fileSize"));
  const auto* size = object.if_contains("fileSize");
  if (size && size->is_int64() && size->get_int64() >= 0)
    length = static_cast<std::uint64_t>(size->get_int64());
  if (!length) return damaged("the NodeManager's list of logs: no fileSize for " + file.name);
  file.length = *length;
  return file;
}

Status read_section(const json::object& object, NodeLogList& list) {
  auto& files = text_of(object, "logAggregationType") == "AGGREGATED" ? list.aggregated : list.local;
  return for_each_object(object.if_contains("containerLogInfo"), "containerLogInfo",
                         [&](const json::object& one) {
                           auto file = read_file(one);
                           if (!file) return Status(std::move(file).error());
                           files.push_back(*std::move(file));
                           return Status();
                         });
}

}  // namespace

std::string node_log_list_path(const ContainerId& container) {
  return "/ws/v1/node/containers/" + to_string(container) + "/logs";
}

std::string node_log_path(const ContainerId& container, std::string_view file,
                          std::optional<std::int64_t> size) {
  std::string path = node_log_list_path(container) + "/" + base::percent_encode(file);
  if (size) path += "?size=" + std::to_string(*size);
  return path;
}

Result<NodeLogList> parse_node_log_list(std::string_view body) {
  KNIT_TRY(const auto root,
           base::parse_json(body, kMaxNodeLogList).with_context("the NodeManager's list of logs"));
  const json::value* sections = &root;
  if (const auto* object = root.if_object(); object && !object->contains("containerLogInfo"))
    sections = object->if_contains("containerLogsInfo");
  NodeLogList list;
  KNIT_TRY_VOID(for_each_object(sections, "containerLogsInfo",
                                [&](const json::object& object) { return read_section(object, list); }));
  std::ranges::sort(list.local, {}, &NodeLogFile::name);
  std::ranges::sort(list.aggregated, {}, &NodeLogFile::name);
  return list;
}

NodeLogAnswer classify_node_log_status(int status) {
  switch (status) {
    case 200:
      return NodeLogAnswer::kHere;
    case 307:
    case 404:
      return NodeLogAnswer::kGone;
    case 500:
    case 503:
      return NodeLogAnswer::kNotYet;
    case 401:
    case 403:
      return NodeLogAnswer::kRefused;
    default:
      return NodeLogAnswer::kMalformed;
  }
}

// Moves one line, without its newline, to line_; false until it is whole.
Result<bool> NodeLogPageParser::take_line(std::span<const std::byte>& input) {
  const auto newline = std::ranges::find(input, std::byte{'\n'});
  const auto size = static_cast<std::size_t>(newline - input.begin());
  if (line_.size() + size > kMaxLine)
    return damaged("a NodeManager's log page with a line of its own that is too long");
  line_.append(reinterpret_cast<const char*>(input.data()), size);
  const bool whole = newline != input.end();
  input = input.subspan(size + (whole ? 1 : 0));
  return whole;
}

Result<NodeLogPageParser::Event> NodeLogPageParser::next(std::span<const std::byte>& input) {
  while (true) {
    if (state_ == State::kContents) {
      if (left_ == 0) {
        state_ = State::kBetween;
        return Event{.what = What::kSectionEnd};
      }
      if (input.empty()) return Event{};
      const auto piece = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
      input = input.subspan(piece.size());
      left_ -= piece.size();
      return Event{.what = What::kData, .data = piece};
    }
    if (input.empty()) return Event{};
    KNIT_TRY(const bool whole, take_line(input));
    if (!whole) return Event{};
    KNIT_TRY(const bool begins, end_header_line());
    line_.clear();
    if (begins) return Event{.what = What::kSection};
  }
}

// True where the bytes of a section begin.
Result<bool> NodeLogPageParser::end_header_line() {
  const std::string_view line = line_;
  auto after = [&](std::string_view name) {
    return line.starts_with(name) ? std::optional(std::string(line.substr(name.size()))) : std::nullopt;
  };
  if (state_ == State::kBetween) {
    const auto names = after("Container: ");
    if (!names) {
      // The trailer of a section, or of one that was left out; a page begins with either.
      if (!any_ && !line.starts_with("End of LogType:")) return damaged("not a NodeManager's log page");
      any_ = true;
      return false;
    }
    any_ = true;
    section_ = {};
    has_length_ = false;
    const auto on = names->find(" on ");
    section_.container = names->substr(0, on);
    if (on != std::string::npos) section_.node = names->substr(on + 4);
    state_ = State::kHeader;
    return false;
  }
  if (auto type = after("LogAggregationType: ")) section_.aggregated = *type == "AGGREGATED";
  if (auto file = after("LogType:")) section_.file = *file;
  if (auto modified = after("LogLastModifiedTime:")) section_.modified = *modified;
  if (auto text = after("LogLength:")) {
    const auto length = parse_length(*text);
    if (!length) return damaged("a NodeManager's log page says that the log's length is '" + *text + "'");
    section_.length = *length;
    has_length_ = true;
  }
  if (line != "LogContents:") return false;
  if (!has_length_) return damaged("a NodeManager's log page without the log's length");
  // LogToolUtils: the first or last |size| bytes, or what there is.
  const std::uint64_t asked = !size_       ? section_.length
                              : *size_ < 0 ? 0 - static_cast<std::uint64_t>(*size_)
                                           : static_cast<std::uint64_t>(*size_);
  section_.count = left_ = std::min(asked, section_.length);
  section_.offset = size_ && *size_ < 0 ? section_.length - section_.count : 0;
  state_ = State::kContents;
  return true;
}

Status NodeLogPageParser::finish() const {
  if (state_ == State::kHeader) return damaged("a NodeManager's log page ends inside its header");
  if (state_ == State::kContents && left_ > 0)
    return damaged("a NodeManager's log page ends " + std::to_string(left_) + " bytes before the log's end");
  return {};
}

}  // namespace knit::logs
