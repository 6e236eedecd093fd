// One picture through MatteImage: node matte_image.js HOST:PORT TOKEN IN.jpg OUT.png
// npm install @grpc/grpc-js @grpc/proto-loader; PROTO names the folder that holds frisket/v1.
const fs = require("fs");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [address, token, source, target] = process.argv.slice(2);
const definition = loader.loadSync("frisket/v1/matting.proto", {
  includeDirs: [process.env.PROTO || "proto"],
});
const { MattingService } = grpc.loadPackageDefinition(definition).frisket.v1;
const client = new MattingService(address, grpc.credentials.createInsecure(), {
  "grpc.max_receive_message_length": 6 * 1024 * 1024,
});
const metadata = new grpc.Metadata();
metadata.set("authorization", `Bearer ${token}`);

const request = {
  image: fs.readFileSync(source),
  cutout: true, // false: the matte alone
  options: { quality: "QUALITY_HIGH" },
};
client.MatteImage(request, metadata, (error, answer) => {
  client.close();
  if (error) {
    const [reason] = error.metadata.get("frisket-reason");
    console.error(`${reason || "no reason"}: ${error.details}`);
    process.exit(1);
  }
  fs.writeFileSync(target, answer.image);
  console.log(`${answer.width} x ${answer.height}, ${answer.model} on ${answer.device}`);
});
