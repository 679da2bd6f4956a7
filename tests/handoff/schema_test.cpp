// docs/schemas/manifest-1.json tells the same as the program. IMGPORT_WRITE_DOCS=1 writes it anew.
#include <imgport/manifest.hpp>

#include <gtest/gtest.h>

#include "testing/json_schema.hpp"

using namespace imgport;
using namespace imgport::testing;

TEST(Schemas, ManifestIsDocumented)
{
    Json const manifest = schema_of<Manifest>();
    EXPECT_TRUE(
        schema_is_documented("manifest", document_schema("manifest", "What describes and vouches for an artifact.",
                                                         manifest["properties"], manifest["required"])))
        << "write it anew with IMGPORT_WRITE_DOCS=1";
}
