// docs/schemas/ tells the same as the program. IMGPORT_WRITE_DOCS=1 writes it anew.
#include <imgport/report.hpp>

#include <gtest/gtest.h>

#include "testing/json_schema.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

constexpr const char *stale = "write it anew with IMGPORT_WRITE_DOCS=1";

Json nullable(Json schema)
{
    return {{"anyOf", Json::array({std::move(schema), Json{{"type", "null"}}})}};
}

}  // namespace

TEST(Schemas, ReportIsDocumented)
{
    EXPECT_TRUE(schema_is_documented(
        "report", document_schema("report", "What `imgport check` and `imgport prepare` found.",
                                  {{"images", array_of(schema_of<ReportEntry>())}}, Json::array({"images"}))))
        << stale;
}

TEST(Schemas, ProbeIsDocumented)
{
    EXPECT_TRUE(schema_is_documented("probe", document_schema("probe", "What `imgport probe` says of images.",
                                                              {{"images", array_of(schema_of<ImageFacts>())}},
                                                              Json::array({"images"}))))
        << stale;
}

TEST(Schemas, FactsAreDocumented)
{
    Json properties = schema_of<Inspection>()["properties"];
    properties["image"] = schema_of<ImageFacts>();
    properties["disk"] = nullable(properties["disk"]);
    properties["guest"] = nullable(properties["guest"]);
    EXPECT_TRUE(
        schema_is_documented("facts", document_schema("facts", "What `imgport inspect` found in an image.", properties,
                                                      Json::array({"image", "disk", "volumes", "guest", "inspector"}))))
        << stale;
}

TEST(Schemas, RulesAreDocumented)
{
    Json const text{{"type", "string"}};
    Json grade = schema_of<Severity>();
    grade["enum"].push_back("off");
    Json const severities{{"type", "object"},
                          {"additionalProperties", {{"type", "object"}, {"additionalProperties", grade}}}};
    Json const keys = Json::array({"id", "group", "title", "why", "fix", "source", "checkable", "severities"});
    Json properties = Json::object();
    for (auto const &key : keys)
        properties[key.get<std::string>()] = text;
    properties["checkable"] = {{"type", "boolean"}};
    properties["severities"] = severities;
    Json const rule{{"type", "object"}, {"properties", properties}, {"required", keys}};
    EXPECT_TRUE(schema_is_documented("rules", document_schema("rules", "The catalogue: `imgport rules`.",
                                                              {{"rules", array_of(rule)}}, Json::array({"rules"}))))
        << stale;
}
