// The JSON documents of the contract (docs/contract.md).
#include <imgport/report.hpp>

#include "guest/facts_json.hpp"

namespace imgport {
namespace {

std::string document(const char *schema, const Json &body)
{
    Json out{{"schema", schema}};
    out.update(body);
    return out.dump(2) + "\n";
}

}  // namespace

std::string report_json(const Report &report)
{
    return document("imgport.report/1", {{"images", to_json(report.images)}});
}

std::string inspection_json(const ImageFacts &image, const Inspection &inspection)
{
    Json body{{"image", to_json(image)}, {"disk", nullptr}, {"volumes", Json::array()}, {"guest", nullptr}};
    body.update(to_json(inspection));
    return document("imgport.facts/1", body);
}

std::string rules_json()
{
    Json rules = Json::array();
    for (auto const &rule : rule_catalogue()) {
        Json severities = Json::object();
        for (auto const &name : profile_names()) {
            auto const profile = load_profile(name);
            if (!profile || !has_rule(*profile, rule.id))
                continue;
            Json graded = Json::object();
            for (auto const &[condition, grade] : grades_of(*profile, rule.id))
                graded[condition.empty() ? "violated" : condition] = grade;
            severities[name] = graded;
        }
        rules.push_back({{"id", rule.id},
                         {"group", rule.group},
                         {"title", rule.title},
                         {"why", rule.why},
                         {"fix", rule.fix},
                         {"source", rule.source},
                         {"checkable", rule.checkable},
                         {"severities", severities}});
    }
    return document("imgport.rules/1", {{"rules", rules}});
}

}  // namespace imgport
