// docs/schemas/manifest-1.json and receipt-1.json tell the same as the program. IMGPORT_WRITE_DOCS=1 writes it anew.
#include <imgport/manifest.hpp>
#include <imgport/receipt.hpp>

#include <gtest/gtest.h>

#include <imgport/uploader.hpp>

#include "handoff/upload_journal.hpp"
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

TEST(Schemas, UploadJournalIsDocumented)
{
    Json const journal = schema_of<UploadJournal>();
    EXPECT_TRUE(
        schema_is_documented("upload", document_schema("upload", "What an unfinished upload needs to be gone on with.",
                                                       journal["properties"], journal["required"])))
        << "write it anew with IMGPORT_WRITE_DOCS=1";
}

TEST(Schemas, UnfinishedUploadsAreDocumented)
{
    Json const properties{{"address", {{"type", "string"}}}, {"uploads", array_of(schema_of<PendingUpload>())}};
    EXPECT_TRUE(schema_is_documented("uploads", document_schema("uploads", "What lies unfinished: `imgport uploads`.",
                                                                properties, Json::array({"address", "uploads"}))))
        << "write it anew with IMGPORT_WRITE_DOCS=1";
}

TEST(Schemas, ReceiptIsDocumented)
{
    Json const receipt = schema_of<HandOver>();
    EXPECT_TRUE(schema_is_documented("receipt", document_schema("receipt", "What came of handing an artifact over.",
                                                                receipt["properties"], receipt["required"])))
        << "write it anew with IMGPORT_WRITE_DOCS=1";
}
