#include "conf/site_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <pugixml.hpp>
#include <string_view>

#include "base/try.h"
#include "conf/text.h"

namespace knit::conf {
namespace {

constexpr int kMaxElementDepth = 32;

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string text_of(const pugi::xml_node& element) {
  std::string text;
  for (const auto& child : element.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  }
  return text;
}

std::string_view explain(pugi::xml_parse_status status) {
  switch (status) {
    case pugi::status_no_document_element:
      return "there is no XML element in it";
    case pugi::status_end_element_mismatch:
      return "an element is not closed, or closed by another's end tag";
    case pugi::status_bad_start_element:
      return "a tag is malformed";
    case pugi::status_bad_end_element:
      return "an end tag is malformed";
    case pugi::status_bad_attribute:
      return "an attribute is malformed";
    case pugi::status_bad_comment:
      return "a comment does not end";
    case pugi::status_bad_cdata:
      return "a CDATA section does not end";
    case pugi::status_bad_pi:
      return "a declaration or processing instruction is malformed";
    case pugi::status_bad_doctype:
      return "the DOCTYPE is malformed";
    case pugi::status_unrecognized_tag:
      return "a tag starts with something that is no name";
    case pugi::status_out_of_memory:
      return "it needs more memory than there is";
    default:
      return "it is not XML";
  }
}

class Reader {
 public:
  Reader(std::string root, const FileReader& read, XmlLimits limits)
      : root_(std::move(root)), read_(read), limits_(limits) {}

  Status read_file(const std::string& path) {
    KNIT_TRY(const std::string text, read_(path));
    return parse(path, text);
  }

  std::vector<Property> take() { return std::move(properties_); }

 private:
  struct File {
    std::string path;
    std::string_view text;
    std::vector<std::size_t> line_starts;

    std::pair<int, int> position(std::ptrdiff_t offset) const {  // line and column, from 1
      const auto at = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(offset, 0, std::ssize(text)));
      const auto next = std::upper_bound(line_starts.begin(), line_starts.end(), at);
      const auto line = next - line_starts.begin();
      return {static_cast<int>(line), static_cast<int>(at - *(next - 1) + 1)};
    }
    int line_of(const pugi::xml_node& node) const { return position(node.offset_debug()).first; }
    Error error(std::ptrdiff_t offset, std::string_view what) const {
      const auto [line, column] = position(offset);
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("{}, line {}, column {}: {}", path, line, column, what));
    }
  };

  Status parse(const std::string& path, std::string_view text) {
    File file{path, text, {0}};
    if (text.size() > limits_.file_bytes) {
      return file.error(0, fmt::format("the file is larger than {} bytes", limits_.file_bytes));
    }
    if (++files_ > limits_.files)
      return file.error(0, fmt::format("more than {} files are included", limits_.files));
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') file.line_starts.push_back(i + 1);
    }
    pugi::xml_document document;
    const auto parsed = document.load_buffer(
        text.data(), text.size(), pugi::parse_default | pugi::parse_doctype | pugi::parse_ws_pcdata_single);
    if (!parsed) return file.error(parsed.offset, fmt::format("malformed XML: {}", explain(parsed.status)));
    pugi::xml_node top;
    for (const auto& child : document.children()) {
      if (child.type() == pugi::node_doctype &&
          std::string_view(child.value()).find("<!ENTITY") != std::string::npos) {
        return file.error(0,
                          "the DOCTYPE declares entities, which Knit does not expand; write the values out");
      }
      if (child.type() != pugi::node_element) continue;
      if (top) return file.error(child.offset_debug(), "malformed XML: a second top element");
      top = child;
    }
    open_.push_back(path);
    KNIT_TRY_VOID(element(file, top, 1));
    open_.pop_back();
    return {};
  }

  Status element(const File& file, const pugi::xml_node& node, int depth) {
    const auto name = local_name(node);
    if (name == "property") return property(file, node);
    if (name == "include") return include(file, node, depth);
    return children(file, node, depth);
  }

  Status children(const File& file, const pugi::xml_node& parent, int depth) {
    if (depth > kMaxElementDepth) return file.error(parent.offset_debug(), "elements are nested too deeply");
    for (const auto& child : parent.children()) {
      if (child.type() == pugi::node_element) KNIT_TRY_VOID(element(file, child, depth + 1));
    }
    return {};
  }

  Status property(const File& file, const pugi::xml_node& node) {
    Property out;
    for (const auto& attribute : node.attributes()) {
      const std::string_view name = attribute.name();
      if (name == "name") out.name = trim(attribute.value());
      if (name == "value") out.value = attribute.value();
      if (name == "final") out.is_final = std::string_view(attribute.value()) == "true";
    }
    for (const auto& child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      const auto name = local_name(child);
      std::string text = text_of(child);
      if (name == "final") out.is_final = text == "true";
      if (text.empty()) continue;
      if (name == "name") out.name = trim(text);
      if (name == "value") out.value = std::move(text);
    }
    if (out.name.empty()) return {};
    if (properties_.size() >= limits_.properties) {
      return file.error(node.offset_debug(), fmt::format("more than {} properties", limits_.properties));
    }
    out.file = file.path;
    out.line = file.line_of(node);
    properties_.push_back(std::move(out));
    return {};
  }

  Status include(const File& file, const pugi::xml_node& node, int depth) {
    std::string href = trim(node.attribute("href").value());
    if (href.empty()) return {};
    const auto at = node.offset_debug();
    for (const std::string_view prefix : {"file://", "file:"}) {
      if (href.starts_with(prefix)) {
        href.erase(0, prefix.size());
        break;
      }
    }
    if (href.find("://") != std::string::npos) {
      return file.error(
          at, fmt::format("it includes {}, and Knit reads no configuration over the network; copy it "
                          "beside this file",
                          href));
    }
    namespace stdfs = std::filesystem;
    for (const auto& base : {file.path, root_}) {
      const std::string path = (stdfs::path(base).parent_path() / href).lexically_normal().string();
      auto text = read_(path);
      if (!text && text.error().code() == ErrorCode::kNotFound) continue;
      if (text && std::find(open_.begin(), open_.end(), path) != open_.end()) {
        text = Error(ErrorCode::kInvalidArgument, fmt::format("{} includes itself", path));
      } else if (text && std::ssize(open_) > limits_.include_depth) {
        text = Error(ErrorCode::kInvalidArgument, "includes are nested too deeply");
      }
      if (!text) return file.error(at, text.error().message());
      return parse(path, *text)
          .with_context(fmt::format("included by {}, line {}", file.path, file.line_of(node)));
    }
    for (const auto& child : node.children()) {
      if (local_name(child) == "fallback") return children(file, child, depth + 1);
    }
    return file.error(at, fmt::format("the included file {} is missing and there is no <fallback>", href));
  }

  const std::string root_;
  const FileReader& read_;
  const XmlLimits limits_;
  std::vector<Property> properties_;
  std::vector<std::string> open_;  // the files being read, outermost first
  int files_ = 0;
};

}  // namespace

Result<std::vector<Property>> read_site_xml(const std::string& path, const FileReader& read,
                                            XmlLimits limits) {
  Reader reader(path, read, limits);
  KNIT_TRY_VOID(reader.read_file(path));
  return reader.take();
}

FileReader local_files(std::size_t max_bytes) {
  return [max_bytes](const std::string& path) -> Result<std::string> {
    std::error_code ec;
    const auto status = std::filesystem::status(path, ec);
    if (status.type() == std::filesystem::file_type::not_found) {
      return Error(ErrorCode::kNotFound, fmt::format("{} does not exist", path));
    }
    if (ec) return Error(ErrorCode::kPermissionDenied, fmt::format("cannot read {}: {}", path, ec.message()));
    if (status.type() != std::filesystem::file_type::regular) {
      return Error(ErrorCode::kInvalidArgument, fmt::format("{} is not a file", path));
    }
    const auto size = std::filesystem::file_size(path, ec);
    if (!ec && size > max_bytes) {
      return Error(ErrorCode::kInvalidArgument, fmt::format("{} is larger than {} bytes", path, max_bytes));
    }
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (!in) {
      return Error(ErrorCode::kPermissionDenied,
                   fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    }
    std::string text(ec ? 0 : size, '\0');
    in.read(text.data(), std::ssize(text));
    if (in.bad())
      return Error(ErrorCode::kDataLoss, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
  };
}

}  // namespace knit::conf
