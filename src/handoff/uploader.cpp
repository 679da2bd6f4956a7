#include <imgport/uploader.hpp>

#include <array>

#include <fmt/format.h>

#include "handoff/object_destination.hpp"
#include "handoff/uploaders.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Made = Result<std::unique_ptr<Uploader>>;

// One entry per uploader: the scheme, what follows it, and its maker, which gets the whole destination.
struct Scheme {
    std::string_view name;
    std::string_view shape;
    Made (*make)(std::string_view destination, const UploadOptions &options);
};

template <Made (*make)(std::string_view rest)>
Made without_scheme(std::string_view destination, const UploadOptions &)
{
    return make(destination.substr(destination.find(':') + 1));
}

constexpr std::array schemes{
    Scheme{"dir", "dir:PATH", without_scheme<make_directory_uploader>},
    Scheme{"command", "command:PROGRAM [ARG...]", without_scheme<make_command_uploader>},
    Scheme{"oss", "oss://BUCKET/KEY", make_object_uploader},
    Scheme{"s3", "s3://BUCKET/KEY", make_object_uploader},
    Scheme{"https", "https://BUCKET.oss-REGION.aliyuncs.com/KEY", make_object_uploader},
};

// A URL can hold a signature, and is not repeated.
std::string quoted(std::string_view destination)
{
    return destination.find_first_of("?&") == std::string_view::npos ? fmt::format(" \"{}\"", printable(destination))
                                                                     : std::string();
}

}  // namespace

Result<std::unique_ptr<Uploader>> make_uploader(std::string_view destination, const UploadOptions &options)
{
    auto const colon = destination.find(':');
    std::string const name = to_lower(destination.substr(0, colon));
    std::vector<std::string> shapes;
    std::vector<std::string> names;
    for (auto const &scheme : schemes) {
        if (colon != std::string_view::npos && scheme.name == (name == "http" ? "https" : name))
            return scheme.make(destination, options);
        shapes.emplace_back(scheme.shape);
        names.emplace_back(scheme.name);
    }
    std::string const near = nearest(name, names);
    return fail({ErrorCode::usage,
                 fmt::format("no uploader knows the destination{}", quoted(destination)),
                 {},
                 {},
                 {},
                 (near.empty() ? std::string() : fmt::format("did you mean {}:? ", near)) +
                     fmt::format("there are {}", join(shapes, ", "))});
}

}  // namespace imgport
