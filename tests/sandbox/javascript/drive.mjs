// Drives the sandbox with dynamics-web-api and prints what it saw as JSON.
import { DynamicsWebApi } from "dynamics-web-api";

const [address, groupId, ...contacts] = process.argv.slice(2);
const api = new DynamicsWebApi({ serverUrl: address, dataApi: { version: "9.2" } });
const seen = {};

seen.whoAmI = await api.callFunction({ name: "WhoAmI" });
const page = await api.retrieveMultiple({
  collection: "contacts", select: ["contactid", "fullname"], filter: "statecode eq 0", orderBy: ["fullname asc"],
  maxPageSize: 4, count: true,
});
seen.firstPage = page.value.map((row) => row.fullname);
seen.count = page.oDataCount;
const all = await api.retrieveAll({ collection: "contacts", select: ["contactid"], maxPageSize: 5 });
seen.all = all.value.length;
seen.one = (await api.retrieve({ collection: "contacts", key: contacts[0], select: ["fullname"] })).fullname;

const definition = await api.create({
  collection: "msdynmkt_segmentdefinitions",
  data: {
    msdynmkt_segmentquery: "PROFILE(contact).FILTER(address1_city == 'Oslo')", statuscode: 723270001,
    msdynmkt_staticlistmembers: JSON.stringify([
      { groupId, includeType: "Include", name: "From JavaScript", inputType: "manualSelect" },
    ]),
  },
});
const segment = await api.create({
  collection: "msdynmkt_segments", returnRepresentation: true,
  data: {
    msdynmkt_displayname: "From JavaScript", msdynmkt_type: 11, msdynmkt_source: 12,
    msdynmkt_baseentitylogicalname: "contact", msdynmkt_sourcesegmentuid: definition,
  },
});
const SegmentId = segment.msdynmkt_segmentid;
await api.callAction({ actionName: "msdynmkt_AddStaticMembers", action: { SegmentId, GroupId: groupId, EntityIds: contacts } });
const listed = await api.callAction({
  actionName: "msdynmkt_ListGroupMembers", action: { SegmentId, GroupId: groupId, PageNo: 1, PageSize: 10 },
});
seen.listed = JSON.parse(listed.Response).entityIds;
await api.update({ collection: "msdynmkt_segments", key: SegmentId, data: { msdynmkt_description: "changed" } });
await api.callAction({ actionName: "msdynmkt_PublishSegmentDefinition", action: { SegmentId } });
for (let tries = 0; tries < 200; tries += 1) {
  seen.segment = await api.retrieve({
    collection: "msdynmkt_segments", key: SegmentId, select: ["statuscode", "msdynmkt_membercount", "msdynmkt_description"],
  });
  if (seen.segment.statuscode === 1) break;
  await new Promise((done) => setTimeout(done, 20));
}
seen.entity = await api.retrieveEntity({ key: "LogicalName='msdynmkt_segment'", select: ["EntitySetName"] });
try {
  await api.retrieve({ collection: "contacts", key: "00000000-0000-0000-0000-000000000000" });
} catch (error) {
  seen.error = { status: error.status, code: error.code, message: error.message };
}
await api.deleteRecord({ collection: "msdynmkt_segments", key: SegmentId });
console.log(JSON.stringify(seen));
