//! Somebody who speaks to a node without being one: well or badly.

use std::sync::Arc;

use dht::wire::{RequestFrame, ResponseFrame};
use dht::{Draft, InteractionId, Item, Request, Store};
use ed25519_dalek::SigningKey;
use iroh::endpoint::{
    Connection, PortmapperConfig, QuicTransportConfig, RecvStream, SendStream, VarInt, presets,
};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, SecretKey, TransportAddr};
use node::identity::random_bytes;
use node::jobs::{Evaluator, Job, SignedJob};
use node::keys::PublicKey;
use node::ticket::Ticket;
use node::wire::{JobFrame, JobMessage, Revealed};

use super::Fake;

pub const DHT_ALPN: &[u8] = b"logos/dht/1";
pub const JOB_ALPN: &[u8] = b"logos/job/1";

pub struct Stranger {
    pub endpoint: Endpoint,
    pub key: SigningKey,
}

pub struct Talk {
    pub send: SendStream,
    pub receive: RecvStream,
    _connection: Connection,
}

pub fn signed(job: Job, key: &SigningKey) -> SignedJob {
    job.sign(key)
}

pub fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_millis() as u64
}

impl Stranger {
    pub async fn new() -> Stranger {
        Stranger::with(QuicTransportConfig::builder().build()).await
    }

    /// One who takes only a little of each answer before it is read.
    pub async fn narrow() -> Stranger {
        let transport = QuicTransportConfig::builder()
            .stream_receive_window(VarInt::from_u32(4096))
            .build();
        Stranger::with(transport).await
    }

    async fn with(transport: QuicTransportConfig) -> Stranger {
        let key = SigningKey::from_bytes(&random_bytes());
        let endpoint = Endpoint::builder(presets::Minimal)
            .transport_config(transport)
            .secret_key(SecretKey::from_bytes(&key.to_bytes()))
            .relay_mode(RelayMode::Disabled)
            .portmapper_config(PortmapperConfig::Disabled)
            .clear_ip_transports()
            .bind_addr("127.0.0.1:0")
            .unwrap()
            .bind()
            .await
            .unwrap();
        Stranger { endpoint, key }
    }

    pub fn public(&self) -> PublicKey {
        PublicKey::from(self.key.verifying_key())
    }

    pub async fn connect(&self, to: &Ticket, alpn: &[u8]) -> Option<Connection> {
        let id = EndpointId::from_bytes(to.key.as_bytes()).unwrap();
        let addresses = to.addresses.iter().copied().map(TransportAddr::Ip);
        self.endpoint
            .connect(EndpointAddr::from_parts(id, addresses), alpn)
            .await
            .ok()
    }

    /// Sends bytes to the DHT protocol and returns the answer, if there is one.
    pub async fn ask_bytes(&self, connection: &Connection, bytes: &[u8]) -> Option<ResponseFrame> {
        let (mut send, mut receive) = connection.open_bi().await.ok()?;
        // A node that has seen enough stops reading: then only its answer counts.
        let _ = send.write_all(bytes).await;
        let _ = send.finish();
        let answer = receive.read_to_end(1 << 20).await.ok()?;
        ResponseFrame::decode(&answer).ok()
    }

    pub async fn ask(&self, connection: &Connection, request: Request) -> Option<ResponseFrame> {
        let frame = RequestFrame {
            interaction: InteractionId(5),
            addresses: Vec::new(),
            request,
        };
        self.ask_bytes(connection, &frame.encode()).await
    }

    /// Asks something, and leaves the answer unread.
    pub async fn say(&self, connection: &Connection, request: Request) -> RecvStream {
        let frame = RequestFrame {
            interaction: InteractionId(5),
            addresses: Vec::new(),
            request,
        };
        let (mut send, receive) = connection.open_bi().await.unwrap();
        send.write_all(&frame.encode()).await.unwrap();
        send.finish().unwrap();
        receive
    }

    /// A request to store an item of theirs, to which something is done after it was signed.
    pub fn store(&self, name: &str, change: impl Fn(&mut Item)) -> Request {
        let draft = Draft {
            name: name.into(),
            value: Some(b"value".to_vec()),
            timestamp: now(),
            ..Draft::default()
        };
        let mut item = Item::sign(&self.key, draft).unwrap();
        change(&mut item);
        Request::Store(Store {
            item: Arc::new(item),
            cache: false,
        })
    }

    pub fn job(&self, program: &str) -> SignedJob {
        let job = Job {
            program: program.as_bytes().to_vec(),
            inputs: Vec::new(),
            fuel: 1000,
            memory: 1024,
            versions: Fake::default().versions(),
            submitter: self.public(),
            nonce: random_bytes(),
            expires: now() + 60_000,
        };
        signed(job, &self.key)
    }

    pub async fn talk(&self, to: &Ticket) -> Talk {
        let connection = self.connect(to, JOB_ALPN).await.unwrap();
        let (send, receive) = connection.open_bi().await.unwrap();
        Talk {
            send,
            receive,
            _connection: connection,
        }
    }

    /// The whole conversation; the error is whatever came instead of what was hoped for.
    pub async fn run(&self, to: &Ticket, job: &SignedJob) -> Result<Revealed, JobMessage> {
        let mut talk = self.talk(to).await;
        let interaction = InteractionId(77);
        talk.say(interaction, JobMessage::Submit(Box::new(job.clone())))
            .await;
        let accepted = talk.hear().await.unwrap();
        assert_eq!(accepted.interaction, interaction);
        if accepted.message != JobMessage::Accepted {
            return Err(accepted.message);
        }
        let commit = match talk.hear().await.unwrap().message {
            JobMessage::Commit(commit) => commit,
            other => return Err(other),
        };
        talk.say(interaction, JobMessage::Reveal(vec![commit]))
            .await;
        match talk.hear().await.unwrap().message {
            JobMessage::Revealed(revealed) => Ok(revealed),
            other => Err(other),
        }
    }
}

impl Talk {
    pub async fn on(connection: &Connection) -> Talk {
        let (send, receive) = connection.open_bi().await.unwrap();
        Talk {
            send,
            receive,
            _connection: connection.clone(),
        }
    }

    pub async fn say(&mut self, interaction: InteractionId, message: JobMessage) {
        let bytes = JobFrame {
            interaction,
            message,
        }
        .encode();
        self.say_bytes(&(bytes.len() as u32).to_be_bytes()).await;
        self.say_bytes(&bytes).await;
    }

    pub async fn say_bytes(&mut self, bytes: &[u8]) {
        let _ = self.send.write_all(bytes).await;
    }

    pub async fn hear(&mut self) -> Option<JobFrame> {
        let mut length = [0; 4];
        self.receive.read_exact(&mut length).await.ok()?;
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        self.receive.read_exact(&mut bytes).await.ok()?;
        JobFrame::decode(&bytes).ok()
    }
}
