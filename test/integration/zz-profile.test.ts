import { ouraHeaders, startWebhookServer, type WebhookServer } from "../support/webhook-http";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
let server: WebhookServer;
beforeAll(async () => { server = await startWebhookServer(); });
afterAll(() => server.close());
test("cpu", async () => {
  writeFileSync("/tmp/client.js", `
const http=require("http");const {createHmac}=require("crypto");
const agent=new http.Agent({keepAlive:true,maxSockets:50});
const port=${server.gateway.port};const N=3000,R=300;let times=[];
function one(i){return new Promise(res=>{const body=JSON.stringify({event_type:"update",data_type:"sleep",object_id:"d"+i,event_time:"x",user_id:"u"+(i%200)});
const at=String(Math.floor(Date.now()/1000));const sig=createHmac("sha256",${JSON.stringify("a secret of the client")}).update(at+body).digest("hex").toUpperCase();
const t=performance.now();const r=http.request({port,host:"127.0.0.1",path:"/webhooks/oura",method:"POST",agent,headers:{"content-type":"application/json","content-length":Buffer.byteLength(body),"x-oura-timestamp":at,"x-oura-signature":sig}},a=>{a.resume();a.on("end",()=>{times.push(performance.now()-t);if(a.statusCode!==200)console.log(a.statusCode);res()})});r.end(body)})}
(async()=>{const b=performance.now();const all=[];for(let i=0;i<N;i++){const due=i*1000/R-(performance.now()-b);if(due>1)await new Promise(r=>setTimeout(r,due));all.push(one(i))}await Promise.all(all);times.sort((a,b)=>a-b);console.log("p50",times[N>>1].toFixed(1),"p99",times[Math.floor(N*.99)].toFixed(1),"total",performance.now()-b)})()
`);
  const before = process.cpuUsage();
  const out: string[] = [];
  const child = spawn("node", ["/tmp/client.js"]);
  child.stdout.on("data", (d) => out.push(String(d)));
  await new Promise((r) => child.on("exit", r));
  const used = process.cpuUsage(before);
  console.log(out.join(""), "server cpu ms per request", (used.user + used.system) / 1000 / 3000);
}, 60_000);
