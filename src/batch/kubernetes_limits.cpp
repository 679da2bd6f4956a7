#include "batch/kubernetes_limits.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "batch/folder.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// A label, however long.
bool is_label(std::string_view text)
{
    return !text.empty() && text.front() != '-' && text.back() != '-' &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_image_reference(std::string_view text)
{
    constexpr std::string_view marks = "._-/:@";
    return !text.empty() && text.size() <= 1000 && is_lower_or_digit(to_lower(text.substr(0, 1)).front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || marks.find(c) != std::string_view::npos;
           });
}

Error wrong(const std::string &message, const std::string &option, const std::string &hint)
{
    return {.code = ErrorCode::usage, .message = message, .field = option, .hint = hint};
}

// What would hide the container's own files, or cannot be a mount at all.
std::string complaint_of_mount(const std::string &path)
{
    constexpr std::array whole{"/", "/tmp", "/var", "/var/tmp", "/run", "/usr/local"};
    constexpr std::array below{"/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"};
    if (!path.starts_with('/') || path.find(':') != std::string::npos)
        return "a pod's mount is an absolute path without a colon";
    if (!code_points(path))
        return "its bytes are no UTF-8, and Kubernetes names paths in nothing else";
    for (std::string_view const one : whole) {
        if (path == one)
            return "it would hide files of the container";
    }
    for (std::string_view const one : below) {
        if (path == one || path.starts_with(std::string(one) + "/"))
            return "it would hide files of the container";
    }
    return {};
}

Result<void> check_volumes(std::vector<SharedVolume> volumes)
{
    for (auto &one : volumes)
        one.path = without_slash(one.path);
    for (auto one = volumes.begin(); one != volumes.end(); ++one) {
        if (!is_dns_subdomain(one->claim))
            return fail(wrong(fmt::format("'{}' cannot be a claim's name", printable(one->claim)), "volume",
                              "lower case letters, digits, '-' and '.'"));
        if (auto const complaint = complaint_of_mount(one->path); !complaint.empty())
            return fail(wrong(fmt::format("{}: {}", printable(one->path), complaint), "volume",
                              "mount the claim elsewhere, here as well"));
        for (auto other = volumes.begin(); other != one; ++other) {
            if (other->claim == one->claim || other->path == one->path)
                return fail(wrong(fmt::format("{}={} and {}={}: each claim and each path once", printable(other->claim),
                                              printable(other->path), printable(one->claim), printable(one->path)),
                                  "volume", {}));
        }
    }
    return {};
}

}  // namespace

bool is_dns_label(std::string_view text)
{
    return text.size() <= 63 && is_label(text);
}

bool is_dns_subdomain(std::string_view text)
{
    auto const labels = split(text, '.');
    return text.size() <= 253 && std::all_of(labels.begin(), labels.end(), is_label);
}

Result<void> check_for_kubernetes(const BatchOptions &options)
{
    auto const &[image, name_space, volumes] = options.kubernetes;
    if (!image.empty() && !is_image_reference(image))
        return fail(wrong(fmt::format("'{}' cannot be a container image", printable(image)), "container-image",
                          "HOST/NAME:TAG"));
    if (!name_space.empty() && !is_dns_label(name_space))
        return fail(wrong(fmt::format("'{}' cannot be a namespace", printable(name_space)), "namespace",
                          "at most 63 of lower case letters, digits and '-'"));
    if (auto const folder = BatchFolder(options.output_dir).whole_output(); !code_points(folder))
        return fail(
            wrong(fmt::format("{}: its bytes are no UTF-8, and Kubernetes takes no other arguments", printable(folder)),
                  "output", {}));
    return check_volumes(volumes);
}

}  // namespace imgport
