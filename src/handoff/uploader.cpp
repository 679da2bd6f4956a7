#include <imgport/uploader.hpp>

#include <array>

#include <fmt/format.h>

#include "handoff/uploaders.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// One entry per uploader: the scheme, what follows it, and its maker.
struct Scheme {
    std::string_view name;
    std::string_view shape;
    Result<std::unique_ptr<Uploader>> (*make)(std::string_view rest);
};

constexpr std::array schemes{
    Scheme{"dir", "dir:PATH", make_directory_uploader},
    Scheme{"command", "command:PROGRAM [ARG...]", make_command_uploader},
};

}  // namespace

Result<std::unique_ptr<Uploader>> make_uploader(std::string_view destination)
{
    auto const colon = destination.find(':');
    std::string_view const name = destination.substr(0, colon);
    std::vector<std::string> shapes;
    std::vector<std::string> names;
    for (auto const &scheme : schemes) {
        if (colon != std::string_view::npos && scheme.name == name)
            return scheme.make(destination.substr(colon + 1));
        shapes.emplace_back(scheme.shape);
        names.emplace_back(scheme.name);
    }
    std::string const near = nearest(name, names);
    return fail({ErrorCode::usage,
                 fmt::format("no uploader knows the destination \"{}\"", printable(destination)),
                 {},
                 {},
                 {},
                 (near.empty() ? std::string() : fmt::format("did you mean {}:? ", near)) +
                     fmt::format("there are {}", join(shapes, " and "))});
}

}  // namespace imgport
