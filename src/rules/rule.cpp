#include "rules/rule.hpp"

namespace imgport {

Outcome passed(std::string message, std::vector<Evidence> evidence)
{
    return {Status::passed, std::move(message), std::move(evidence), {}, false};
}

Outcome violated(std::string message, std::vector<Evidence> evidence, std::string condition)
{
    return {Status::violated, std::move(message), std::move(evidence), std::move(condition), false};
}

Outcome unknown(std::string reason)
{
    return {Status::unknown, std::move(reason), {}, {}, false};
}

Outcome not_applicable(std::string message)
{
    return {Status::not_applicable, std::move(message), {}, {}, false};
}

Evidence seen(std::string file, std::string value)
{
    return {.file = std::move(file), .line = {}, .offset = {}, .value = std::move(value)};
}

}  // namespace imgport
